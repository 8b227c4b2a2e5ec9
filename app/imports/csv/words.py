"""Column names and values of bank exports in many languages. Accents and letter case do not matter."""

from typing import Final, Literal

Meaning = Literal[
    "date",
    "amount",
    "debit",
    "credit",
    "direction",
    "currency",
    "payee",
    "description",
    "notes",
    "external_id",
    "category",
    "account",
    "other",
]

# Meaning, rank (lower is preferred) and names. A name that stands under two meanings is told apart by its values.
PHRASES: Final[tuple[tuple[Meaning, int, str], ...]] = (
    (
        "date",
        0,
        """
        transaction date, date of transaction, trans date, transdate, txn date, transaction date time, started date,
        purchase date, date transaction, date de transaction, date de l operation, date operation, date d operation,
        fecha de operacion, fecha operacion, f operacion, fecha de la operacion, data operazione, data transakcji,
        data operacji, transactiedatum, tranzakció dátuma, tranzakció dátuma és ideje, tranzakció időpontja,
        transaktionsdatum, kaufdatum, belegdatum, umsatzdatum, data da transação, data transacao, data da operação,
        data do movimento, datum transakce, datum provedení, transaktionsdato, köpdatum, data tranzactiei
        """,
    ),
    (
        "date",
        1,
        """
        booking date, posting date, posted date, post date, date posted, posted, booked, booked date, completed
        date, date, datum, buchungstag, buchungsdatum, buchung, datum der buchung, dtposted, fecha, fecha contable,
        fecha movimiento, date comptable, date comptabilisation, date de comptabilisation, data, data contabile,
        data registrazione, data lancamento, data lançamento, data mov, data movimento, data księgowania, boekdatum,
        boekingsdatum, könyvelés dátuma, könyvelési dátum, könyvelés napja, dátum, bokföringsdag, bokföringsdatum,
        bogføringsdato, bokført, bokført dato, dato, datum zaúčtování, kirjauspäivä, päivämäärä, timestamp, date
        time, datetime, created, created at, when, tarih, дата, дата операции, ημερομηνια
        """,
    ),
    (
        "date",
        2,
        """
        value date, valuta, valutadatum, wertstellung, wertstellungstag, wertstellungsdatum, valutierung, wert, date
        de valeur, date valeur, valeur, fecha valor, f valor, fecha de valor, data valuta, data waluty, data valor,
        rentedatum, értéknap, valutadag, rentedato, valuteringsdatum, effective date, settlement date, arvopäivä,
        value, data de valor, settled
        """,
    ),
    (
        "amount",
        0,
        """
        amount, transaction amount, amt, trnamt, value, betrag, umsatz, buchungsbetrag, montant, somme, importe,
        cantidad, importo, bedrag, kwota, kwota transakcji, kwota operacji, valor, montante, quantia, összeg,
        könyvelt összeg, belopp, beløb, beløp, částka, suma, sum, määrä, summa, tutar, ποσο, сумма, iznos, znesek,
        amount in account currency, betrag in kontowährung, transaction value, montant de l operation, importe
        movimiento, transactiebedrag, valor da transação, billing amount
        """,
    ),
    (
        "amount",
        1,
        """
        net, net amount, netto, nettobetrag, net total, montant net, total, total amount, gesamt
        """,
    ),
    (
        "amount",
        2,
        """
        gross, gross amount, brutto, bruttobetrag, local amount, home amount, amount local currency
        """,
    ),
    (
        "debit",
        0,
        """
        debit, debits, debit amount, amount debit, paid out, money out, withdrawal, withdrawals, withdrawal amount,
        withdrawal amt, spent, outflow, payments, payment amount, charge, charges, soll, lastschrift, belastung,
        ausgabe, ausgaben, ausgang, abgang, sollbetrag, débit, montant débit, montant au débit, débit euros,
        dépense, dépenses, cargo, cargos, débito, debe, egreso, gasto, gastos, addebito, addebiti, uscite, uscita,
        dare, af, bedrag af, afschrijving, uitgaven, obciążenie, obciążenia, wydatki, wypłaty, débitos, saída,
        saídas, terhelés, kiadás, uttag, utgifter, ut, ud, ut av konto, dr, debit dr, out, výdaje, otto
        """,
    ),
    (
        "credit",
        0,
        """
        credit, credits, credit amount, amount credit, paid in, money in, deposit, deposits, deposit amount, deposit
        amt, received, inflow, haben, gutschrift, gutschriften, einnahme, einnahmen, eingang, zugang, habenbetrag,
        crédit, montant crédit, montant au crédit, crédit euros, recette, recettes, abono, abonos, crédito, haber,
        ingreso, ingresos, accredito, accrediti, entrate, entrata, avere, bij, bedrag bij, bijschrijving, inkomsten,
        uznanie, uznania, wpływy, wpłaty, créditos, entrada, entradas, jóváírás, bevétel, insättning, insättningar,
        inkomster, in, ind, inn på konto, cr, credit cr, příjmy, pano
        """,
    ),
    (
        "direction",
        0,
        """
        debit credit, credit debit, dr cr, cr dr, d c, c d, debit or credit, credit or debit, credit debit
        indicator, debit credit indicator, creditdebitindicator, cdtdbtind, transaction type, direction, indicator,
        sign, soll haben, s h, soll haben kennzeichen, sollhaben, umsatzart, sens, débit crédit, crédit débit, debe
        haber, signo, segno, dare avere, af bij, bij af, debet credit, kierunek, strona, terhelés jóváírás, t j,
        jóváírás terhelés, in out, débito crédito, natureza, riktning, plus minus
        """,
    ),
    (
        "direction",
        1,
        """
        type, trans type, txn type, trntype, typ, art, buchungsart, tipo, tipo movimiento, tipo de movimiento, type
        operation, type d opération, soort, mutatiesoort, mutatie soort, rodzaj, rodzaj transakcji, typ transakcji,
        typ operacji, típus, tranzakció típusa, irány
        """,
    ),
    (
        "currency",
        0,
        """
        currency, currency code, transaction currency, account currency, ccy, curr, curdef, währung, whg, whrg, wrg,
        kontowährung, buchungswährung, devise, monnaie, devise du compte, divisa, moneda, valuta, munt, muntsoort,
        waluta, waluta rachunku, moeda, devizanem, pénznem, deviza, währungscode, valutakod, valuutta, měna, para
        birimi, валюта
        """,
    ),
    (
        "payee",
        0,
        """
        payee, payee name, merchant, merchant name, counterparty, counterparty name, counter party, counter party
        name, partner, partner name, partnername, name, beneficiary, beneficiary name, vendor, payer payee,
        recipient, to from, auftraggeber empfänger, empfänger auftraggeber, auftraggeber begünstigter, begünstigter
        auftraggeber, zahlungsempfänger, empfänger, zahlungspflichtiger, beguenstigter zahlungspflichtiger,
        begünstigter zahlungspflichtiger, name zahlungsbeteiligter, zahlungsbeteiligter, gegenpartei, empfänger
        zahlungspflichtiger, auftraggeber zahlungsempfänger, name beschreibung, name description, zahlungspartner,
        händler, name des partners, bénéficiaire, tiers, commerçant, contrepartie, nom, beneficiario, comercio,
        ordenante, controparte, esercente, ordinante beneficiario, naam, naam tegenpartij, tegenpartij, begunstigde,
        naam omschrijving, naam tegenrekening, kontrahent, nazwa kontrahenta, nadawca odbiorca, nazwa odbiorcy
        nadawcy, odbiorca, beneficiário, favorecido, estabelecimento, partner neve, kedvezményezett, kedvezményezett
        neve, ellenoldali név, mottagare, avsändare mottagare, modtager, mottaker, protistrana, název protiúčtu,
        saaja, saaja maksaja, получатель, counterpart, counterpart name, transaction partner
        """,
    ),
    (
        "payee",
        1,
        """
        payee or payer, payer name, auftraggeber, payer, sender, debtor name, creditor name, store name
        """,
    ),
    (
        "description",
        0,
        """
        description, transaction description, transaction details, narrative, payment reference, particulars,
        référence de paiement,
        payment details, purpose, remittance information, unstructured remittance information, verwendungszweck,
        verwendungszweckzeile, vwz, zahlungsgrund, zahlungsreferenz, buchungsdetails, beschreibung, libellé, libellé
        de l opération, libellé opération, libelle simplifie, intitulé, descripción, concepto, descrizione, causale,
        descrizione operazione, omschrijving, mededeling, mededelingen, omschrijving transactie, tytuł, tytułem,
        opis, opis transakcji, opis operacji, tytuł operacji, tytuł transakcji, descrição, histórico, descritivo,
        descricao do movimento, közlemény, leírás, megnevezés, specifikation, text, tekst, beskrivning, rubrik,
        beskrivelse, forklaring, popis, zpráva pro příjemce, selite, viesti, aciklama, описание, назначение платежа,
        purpose line, umsatzinformation, transaktion, transaktionsbeschreibung
        """,
    ),
    (
        "description",
        1,
        """
        buchungstext, original description, additional information, informations complémentaires, information,
        additional description, reference, referenz, subject, détail, détails, observaciones, szöveg, meddelande,
        könyvelési információk, title, details
        """,
    ),
    (
        "notes",
        0,
        """
        notes, note, memo, comment, comments, remark, remarks, notiz, notizen, bemerkung, kommentar, anmerkung,
        commentaire, commentaires, notas, nota, comentario, comentarios, opmerking, opmerkingen, notatki, uwagi,
        observações, megjegyzés, anteckning, anteckningar, notat, poznámka, примечание
        """,
    ),
    (
        "external_id",
        0,
        """
        transaction id, transactionid, trans id, txn id, fitid, id, row, row id, unique id, transaction identifier,
        tranzakcióazonosító, tranzakció azonosító, transaktions id, transaktionsid, transaktionsnummer, id
        transaction, identifiant, id transacción, id operazione, id transakcji, identyfikator transakcji, numer
        transakcji, transactie id, transactienummer, id da transação, identificador, uuid, external id, umsatz id,
        id transakce, id operace, transferwise id, transaction unique id, transaction number, numéro d opération,
        volgnr, arkiveringskod, arkivointitunnus
        """,
    ),
    (
        "external_id",
        1,
        """
        reference id, reference number, transaction reference, bank reference, referencia, référence, end to end id,
        end to end reference, kundenreferenz, numer referencyjny, referencenummer, ref no, reference no, transaction
        ref
        """,
    ),
    (
        "category",
        0,
        """
        category, category name, kategorie, catégorie, categoría, categoria, categorie, kategoria, kategória,
        kategori, hauptkategorie, rubrique, luokka, категория
        """,
    ),
    (
        "category",
        1,
        """
        subcategory, sub category, unterkategorie, sous catégorie, subcategoría, sottocategoria
        """,
    ),
    (
        "account",
        0,
        """
        account, account name, account number, account no, konto, kontonummer, kontoname, auftragskonto, kontonr,
        iban auftragskonto, bezeichnung auftragskonto, referenzkonto, compte, numéro de compte, nom du compte,
        cuenta, número de cuenta, conto, numero conto, rekening, rekeningnummer, iban bban, rachunek, numer
        rachunku, conta, número da conta, számlaszám, számla, kontonamn, číslo účtu, účet, tili, счет, source
        account, own iban, iban konto
        """,
    ),
    (
        "other",
        0,
        """
        original amount, original currency, exchange rate, transfer amount, transfer amount currency, running
        balance, balance, fee, fees, check number, cheque number, num, check, foreign amount, local currency,
        original transaction amount, instructed amount, amount in original currency, foreign currency, tax, vat,
        description currency, balance currency, fee currency, labels, tags, status, time, transaction time, time
        zone, partner iban, iban, partner bank
        """,
    ),
)


def _listed(names: str) -> frozenset[str]:
    return frozenset(name.strip() for name in names.split(","))


# A name with one of these words is never the date, the amount or anything else a row is made of.
IGNORED_TOKENS: Final = _listed(
    """
    balance, saldo, kontostand, solde, bilancio, stan, egyenleg, számlaegyenleg, szamlaegyenleg, zůstatek, zustatek,
    bakiye, остаток, fee, fees, gebuhr, gebühr, frais, comision, comisión, commissione, commissioni, kosten,
    prowizja, díj, dij, avgift, tarifa, original, ursprungliche, ursprünglicher, ursprunglicher, fremdwahrung,
    exchange, wechselkurs, kurs, taux, cambio, rate, running, tax, vat, mwst, steuer, foreign, iban, bic
    """
)

# A name with one of these words is that of some date.
DATE_TOKENS: Final = _listed("date, datum, data, fecha, dato, dátum, datuma, tarih, дата")

# Words which mark a line of totals.
TOTAL_WORDS: Final = _listed(
    """
    total, totals, subtotal, sum, summe, gesamt, gesamtsumme, saldo, endsaldo, anfangssaldo, schlusssaldo,
    kontostand, balance, solde, totaal, suma, razem, osszesen, összesen, totale, totales, totaux, totais, summa,
    zusammen, итого, celkem
    """
)

# Values of a column which says which way an unsigned amount goes, folded by `headers.plain`.
DEBIT_WORDS: Final = _listed(
    """
    paid out, money out, -, d, db, dbit, debit, debits, dr, s, soll, lastschrift, belastung, ausgabe, ausgang,
    debito, debet, dare, addebito, cargo, egreso, gasto, af, uscita, obciazenie, wn, terheles, t, uttag, withdrawal,
    out, outgoing, outgoings, expense, spent, sent, debe, saida
    """
)
CREDIT_WORDS: Final = _listed(
    """
    paid in, money in, +, c, crdt, credit, credits, cr, h, haben, gutschrift, einnahme, eingang, credito, avere,
    accredito, abono, ingreso, bij, entrata, uznanie, ma, jovairas, j, insattning, deposit, in, incoming, income,
    received, haber, entrada
    """
)
