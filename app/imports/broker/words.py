"""Column names and words for what happened, as brokers write them. Accents and letter case do not matter."""

from typing import Final

from app.assets.schemas import AssetType
from app.imports.broker.mapping import LineKind
from app.imports.csv.currencies import CODES
from app.imports.csv.headers import words

# For each field its column names, the preferred ones first; a semicolon parts ranks.
NAMES: Final[dict[str, str]] = {
    "date": """
        trade date, tradedate, date of trade, transaction date, run date, activity date, handelsdatum, handelstag,
        ausführungsdatum, date of execution, execution date, fecha de operación, date d opération, data operazione;
        date, datum, data, fecha, timestamp, time, date time, datetime, zeit, zeitpunkt, buchungstag, buchungsdatum,
        completed at, created at; value date, valuta, valutadatum, process date, settlement date, settle date
    """,
    "kind": """
        action, trans code, transaction type, type of transaction, activity type, buy sell, side, transaktionstyp,
        transaktionsart, geschäftsart, umsatzart, type d opération, tipo de operación, tipo operazione, transaktion,
        vorgang, operation, opération, operación, operazione, buchungsart; type, typ, art, tipo, soort, kind,
        rodzaj, direction, richtung, category, aktion
    """,
    "symbol": """
        symbol, ticker, ticker symbol, tickersymbol, stock symbol, security symbol, symbole, símbolo, kürzel,
        wertpapierkürzel; instrument, asset, coin, pair, code, underlying
    """,
    "isin": "isin, isin code, isin nummer, code isin, security isin",
    "name": """
        name, product, produkt, produit, producto, prodotto, security name, security description, investment name,
        wertpapiername, wertpapier, wertpapierbezeichnung, asset name, instrument name, company, naam, nom, nombre,
        nome, titel, titre, titolo, bezeichnung; security, description, beschreibung, libellé, descripción,
        descrizione, omschrijving
    """,
    "quantity": """
        quantity, qty, shares, no of shares, number of shares, units, quantity transacted, stück, stücke, stückzahl,
        anzahl, menge, nominal, nominale, aantal, quantité, nombre de titres, cantidad, títulos, quantità, ilość,
        antal, vol, volume, size, filled qty; amount of shares
    """,
    "price": """
        price, share price, trade price, tradeprice, t price, price share, price per share, unit price, fill price,
        execution price, average price, avg price, spot price at transaction, price at transaction, usd spot price
        at transaction, kurs, ausführungskurs, stückpreis, preis, koers, cours, prix, prix unitaire, precio, prezzo,
        cena
    """,
    "net": """
        net amount, netcash, net cash, nettobetrag, betrag netto, montant net, importe neto, total inclusive of fees
        and or spread, total inclusive of fees, total net, endbetrag, net proceeds, importo netto; total, totaal,
        gesamt, gesamtbetrag, totale
    """,
    "amount": """
        amount, transaction amount, wert, betrag, value, montant, importe, importo, bedrag, valor, kwota, belopp,
        cash amount, umsatz
    """,
    "gross": """
        proceeds, principal amount, principal, trade money, trademoney, gross amount, bruttobetrag, betrag brutto,
        kurswert, subtotal, cost, montant brut, importe bruto, importo lordo; local value, market value
    """,
    "fees": """
        fee, fees, commission, commissions, fees comm, commission fees, ibcommission, comm fee, comm fees,
        transaction fee, transaction fees, transaction and or third, transaction and or third party fees,
        transaction and or third party fees eur, autofx fee, currency conversion fee, finra fee, trading fee, fees
        and or spread, brokerage, brokerage fee, other fees, gebühr, gebühren, provision, spesen, fremdspesen,
        orderentgelt, transaktionskosten, kosten, transactiekosten, frais, frais de courtage, courtage, commissioni,
        spese, comisión, comisiones, gastos, prowizja, avgift, avgifter
    """,
    "taxes": """
        tax, taxes, withholding tax, tax withheld, steuer, steuern, quellensteuer, kapitalertragsteuer,
        kapitalertragssteuer, solidaritätszuschlag, kirchensteuer, stamp duty, stamp duty reserve tax, french
        transaction tax, finanztransaktionssteuer, transaction tax, ptm levy, impôt, impôts, taxe, imposta, imposte,
        impuesto, impuestos, retención, belasting, podatek
    """,
    "currency": """
        currency, currency primary, currencyprimary, price currency, spot price currency, currency price share,
        currency of price, trade currency, währung, kurswährung, handelswährung, devise, divisa, moneda, valuta,
        munt, waluta
    """,
    "amount_currency": """
        currency total, currency of amount, amount currency, buchungswährung, abrechnungswährung, settlement
        currency, account currency, kontowährung
    """,
    "rate": """
        exchange rate, fx rate, fxrate, fxrate to base, wechselkurs, devisenkurs, umrechnungskurs, taux de change,
        wisselkoers, tipo de cambio, cambio, tasso di cambio, kurs wymiany
    """,
    "external_id": """
        trade id, tradeid, transaction id, transactionid, txid, id, unique id, transaction number,
        transaktionsnummer, transaktions id; order id, orderid, ordernummer, order number, order no, reference,
        referenz, reference number
    """,
    "notes": "notes, note, notiz, notizen, memo, comment, comments, remark, remarks, kommentar, bemerkung",
    "type": """
        asset class, assetclass, asset type, asset category, security type, instrument type, instrument class,
        wertpapierart, wertpapiertyp, anlageklasse, asset klasse, subclass
    """,
}

# Rates that lead to the account's currency, as their name says.
RATE_TO_ACCOUNT: Final = frozenset({"fxrate to base"})

_KINDS: Final[dict[LineKind, str]] = {
    "buy": """
        buy, bought, you bought, bot, b, purchase, purchased, market buy, limit buy, stop buy, stop limit buy,
        advanced trade buy, advance trade buy, buy to open, buy to cover, reinvest shares, automatic investment,
        savings plan, kauf, käufe, wertpapierkauf, kauf wertpapiere, gekauft, sparplan, sparplanausführung,
        ausführung kauf, zeichnung, achat, achat comptant, compra, compras, acquisto, koop, aankoop, kupno, zakup,
        köp, køb, kjøp, osto, nákup, vétel, subscription, trading buy
    """,
    "sell": """
        sell, sold, you sold, sld, s, sale, market sell, limit sell, stop sell, stop limit sell, advanced trade
        sell, advance trade sell, sell to close, sell short, redemption, verkauf, verkäufe, wertpapierverkauf,
        verkauf wertpapiere, verkauft, ausführung verkauf, rückzahlung, einlösung, vente, vente comptant, venta,
        ventas, vendita, verkoop, sprzedaż, sälj, salg, myynti, prodej, eladás, venda, trading sell
    """,
    "dividend": """
        dividend, dividends, div, cdiv, mdiv, cash dividend, qualified dividend, non qualified div, non qualified
        dividend, special dividend, special qual div, pr yr cash div, qual div, dividend received, dividend
        ordinary, dividend dividend, dividend property income, dividend return of capital non us, dividend bonus,
        ordinary dividend, reinvest dividend, qual div reinvest, pr yr div reinvest, special non qual div, capital
        gain, capital gains, short term capital gain, long term capital gain, long term cap gain, short term cap
        gain, lt cap gain reinvest, st cap gain reinvest, capital gain st, capital gain lt, distribution, cash
        distribution, payment in lieu, payment in lieu of dividends, dividende, dividenden, dividendenzahlung,
        dividendengutschrift, ausschüttung, ausschüttungen, ertrag, erträge, ertragsgutschrift, ertragnisse,
        erträgnisse, coupons dividendes, dividendo, dividendos, dividendi, dividendo in contanti, dywidenda,
        utdelning, udbytte, utbytte, osinko, osztalék
    """,
    "reinvest": """
        reinvest, reinvestment, reinvested, dividend reinvestment, dividend reinvest, drip, rewards income, staking
        income, staking reward, inflation reward, staking, learning reward, reward, rewards, reinvestition,
        wiederanlage, reinversión, réinvestissement, reinvestimento
    """,
    "interest": """
        interest, int, interest earned, interest income, interest on cash, bank interest, credit interest, bond
        interest, margin interest, lending interest, broker interest received, broker interest paid, interest
        payment, slip, share lending interest, stock lending, debit interest, zinsen, zins, zinszahlung,
        zinsgutschrift, zinsbelastung, kupon, coupon, intérêt, intérêts, interés, intereses, interesse, interessi,
        rente, odsetki, ränta, renter, korko, kamat, zinsertrag
    """,
    "fee": """
        fee, fees, gold, dfee, afee, adr fee, adr mgmt fee, account fee, management fee, advisory fee, service fee,
        misc fee, custody fee, commission, other fees, foreign custody fee, connection fee, gebühr, gebühren,
        entgelt, depotgebühr, depotgebühren, gebührenerstattung, fee refund, kosten, frais, commissioni,
        commissione, comisión, comisiones, opłata, avgift, gebyr, taxa de serviço
    """,
    "tax": """
        tax, taxes, dtax, withholding, withholding tax, nra tax adj, nra withholding, foreign tax, foreign tax paid,
        foreign tax withheld, foreign tax withholding, tax withheld, tax refund, steuer, steuern,
        steuerrückerstattung, steuererstattung, vorabpauschale, quellensteuer, steueroptimierung, impôt, impôts,
        impuesto, retención, imposta, ritenuta, belasting, dividendbelasting, podatek, skatt
    """,
    "deposit": """
        deposit, deposits, ach, wire, cash in, contribution, wire received, wire funds received, funds received,
        wire funds, moneylink deposit, moneylink transfer, journal, electronic funds transfer received, eft
        received, direct deposit, bank transfer, pro deposit, exchange deposit, fiat deposit, einlage, einzahlung,
        einzahlungen, überweisung, gutschrift, versement, virement, dépôt, ingreso, depósito, versamento,
        bonifico, storting, wpłata, insättning, indbetaling, innskudd, talletus, card deposit
    """,
    "withdrawal": """
        withdrawal, withdrawals, withdraw, cash out, wire sent, wire funds sent, electronic funds transfer paid, eft
        paid, direct debit, pro withdrawal, exchange withdrawal, fiat withdrawal, send, sent, entnahme, auszahlung,
        auszahlungen, lastschrift, retrait, retirada, retiro, reintegro, prelievo, opname, terugstorting, wypłata,
        uttag, udbetaling, uttak, nosto, card debit
    """,
    "transfer_in": """
        transfer in, transferred in, transfer incoming, acats in, rec, receive, received, incoming transfer, shares
        in, security transfer in, journaled shares, einlieferung, einbuchung, depotübertrag eingang, umbuchung
        eingang, eingang, delivery inbound, inbound delivery, transfer inbound
    """,
    "transfer_out": """
        transfer out, transferred out, transfer outgoing, acats out, outgoing transfer, shares out, security
        transfer out, auslieferung, ausbuchung, depotübertrag ausgang, umbuchung ausgang, ausgang, delivery
        outbound, outbound delivery, transfer outbound
    """,
    "split": """
        split, stock split, spl, forward split, reverse split, share split, aktiensplit, kapitalmaßnahme split,
        fractionnement, frazionamento
    """,
    "return_of_capital": """
        return of capital, return capital, roc, capital return, dividend return of capital, kapitalrückzahlung,
        kapitalherabsetzung, remboursement de capital, devolución de capital, rimborso di capitale
    """,
    "ignore": "sweep in, sweep out, sweep, cancelled, canceled, rejected, expired, storniert, pending",
}
_TYPES: Final[dict[AssetType, str]] = {
    "stock": "stk, stock, stocks, equity, equities, common stock, share, shares, aktie, aktien, action, acción, azione",
    "etf": "etf, etfs, exchange traded fund, etp, etc, etn",
    "fund": "fund, funds, mutual fund, fonds, investmentfonds, mf, opcvm, fondo",
    "bond": "bond, bonds, fixed income, anleihe, anleihen, obligation, bono, obbligazione, note",
    "crypto": "crypto, cryptocurrency, coin, token, kryptowährung, krypto, cryptomonnaie, digital asset",
    "metal": "metal, metals, commodity, gold, edelmetall",
}


def key(text: str) -> str:
    """The text as the tables below have it: its words alone, the currency at the end of a column's name left out."""
    return " ".join(words(text))


def column_key(name: str) -> str:
    tokens = words(name)
    if len(tokens) > 1 and tokens[-1].upper() in CODES:
        tokens = tokens[:-1]
    return " ".join(tokens)


def _ranked() -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for field, names in NAMES.items():
        for rank, part in enumerate(names.split(";")):
            for name in part.split(","):
                found.setdefault(key(name), []).append((field, rank))
    return found


COLUMNS: Final = _ranked()
"""Which fields a column of this name may be, each with its rank; 0 is preferred."""
KINDS: Final[dict[str, LineKind]] = {key(word): kind for kind, known in _KINDS.items() for word in known.split(",")}
TYPES: Final[dict[str, AssetType]] = {key(word): kind for kind, known in _TYPES.items() for word in known.split(",")}
_TAKEN_BACK: Final = frozenset(("ca", "cancel", "cancellation", "correction", "reversal", "storno", "stornierung"))
"""What takes something back is no such thing again: only a person can say what to do with it."""
LONGEST: Final = max(len(word.split()) for word in KINDS)


def kind_of(text: str) -> LineKind | None:
    """What a word for what happened means; of a longer text, its longest beginning that is known."""
    # Capitals inside a word begin another one, unless the table has it whole.
    found = KINDS.get(key(text)) or KINDS.get(key(text.casefold()))
    if found is not None:
        return found
    tokens = words(text.casefold())
    if not _TAKEN_BACK.isdisjoint(tokens):
        return None
    for length in range(min(LONGEST, len(tokens)), 0, -1):
        start = " ".join(tokens[:length])
        if len(start) > 2 and start in KINDS:
            return KINDS[start]
    return None
