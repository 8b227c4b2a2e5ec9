"""A small file in the layout of each broker, written after what is publicly known of its columns, and what it holds.

Each has the kinds, quantities and amounts of its rows: those that money moves by, signed, in the account's currency.
"""

from dataclasses import dataclass, field
from typing import Any

Expected = tuple[str | None, str | None, str | None, str | None]
"""The kind of a trade (None: money alone), its symbol, its quantity, and what moved on the account."""


@dataclass(frozen=True)
class Layout:
    name: str
    currency: str
    data: str
    rows: list[Expected]
    held: dict[str, str]
    balance: str
    mapping: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    errors: int = 0


INTERACTIVE_BROKERS = Layout(
    "Interactive Brokers, Flex query of trades",
    "EUR",
    """\
"ClientAccountID","CurrencyPrimary","FXRateToBase","AssetClass","Symbol","Description","ISIN","TradeID","TradeDate",\
"Quantity","TradePrice","Proceeds","Taxes","IBCommission","IBCommissionCurrency","NetCash","Buy/Sell"
"U1","USD","0.9","STK","AAPL","APPLE INC","US0378331005","7001","20240103","10","184.25","-1842.5","0","-1","USD",\
"-1843.5","BUY"
"U1","USD","0.92","STK","AAPL","APPLE INC","US0378331005","7002","20240215","-4","190","760","0","-1.05","USD",\
"758.95","SELL"
"U1","EUR","1","STK","VWCE","VANGUARD FTSE ALL-WORLD","IE00BK5BQT80","7003","20240301","20","112.5","-2250","0","-3",\
"EUR","-2253","BUY"
""",
    [
        ("buy", "AAPL", "10", "-1659.15"),
        ("sell", "AAPL", "4", "698.23"),
        ("buy", "VWCE", "20", "-2253.00"),
    ],
    {"AAPL": "6", "VWCE": "20"},
    "-3213.92",
)
DEGIRO = Layout(
    "DEGIRO, transactions",
    "EUR",
    """\
Date,Time,Product,ISIN,Reference exchange,Venue,Quantity,Price,,Local value,,Value,,Exchange rate,\
Transaction and/or third party fees,,Total,,Order ID
15-02-2024,15:31,APPLE INC,US0378331005,NDQ,XNAS,-4,190.0000,USD,760.00,USD,705.68,EUR,1.0770,-2.00,EUR,703.68,EUR,\
a-2
03-01-2024,15:31,APPLE INC,US0378331005,NDQ,XNAS,10,184.2500,USD,-1842.50,USD,-1686.50,EUR,1.0925,-2.00,EUR,\
-1688.50,EUR,a-1
03-01-2024,09:01,VANGUARD FTSE AW,IE00BK5BQT80,XET,XETA,20,112.5000,EUR,-2250.00,EUR,-2250.00,EUR,,-3.00,EUR,\
-2253.00,EUR,b-1
""",
    [
        ("sell", "US0378331005", "4", "703.68"),
        ("buy", "US0378331005", "10", "-1688.50"),
        ("buy", "IE00BK5BQT80", "20", "-2253.00"),
    ],
    {"US0378331005": "6", "IE00BK5BQT80": "20"},
    "-3237.82",
)
TRADING_212 = Layout(
    "Trading 212, history",
    "GBP",
    """\
Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),Exchange rate,Total,Currency (Total),\
Withholding tax,Currency (Withholding tax),Notes,ID,Currency conversion fee,Currency (Currency conversion fee)
Deposit,2024-01-02 08:00:00,,,,,,,,3000.00,GBP,,,Bank transfer,d-1,,
Market buy,2024-01-03 14:30:12.123,US0378331005,AAPL,Apple,10,184.25,USD,1.25,1476.21,GBP,,,,EOF1,2.21,GBP
Limit buy,2024-01-04 09:00:00,GB00BH4HKS39,VOD,Vodafone Group,500,70.2,GBX,100,351.00,GBP,,,,EOF2,,
Dividend (Ordinary),2024-02-16 06:00:00,US0378331005,AAPL,Apple,10,0.24,USD,Not available,1.63,GBP,0.36,USD,,EOF3,,
Market sell,2024-03-05 14:30:00,US0378331005,AAPL,Apple,4,190,USD,1.25,607.00,GBP,,,,EOF4,1.00,GBP
Interest on cash,2024-03-31 02:00:00,,,,,,,,1.07,GBP,,,,i-1,,
""",
    [
        (None, None, None, "3000.00"),
        ("buy", "AAPL", "10", "-1476.21"),
        ("buy", "VOD", "500", "-351.00"),
        ("dividend", "AAPL", None, "1.63"),
        ("sell", "AAPL", "4", "607.00"),
        (None, None, None, "1.07"),
    ],
    {"AAPL": "6", "VOD": "500"},
    "1782.49",
)
SCHWAB = Layout(
    "Charles Schwab, transactions",
    "USD",
    """\
"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"
"03/28/2024 as of 03/27/2024","Bank Interest","","BANK INT 022924-032724","","","","$1.07"
"03/15/2024","Reinvest Shares","SCHB","SCHWAB US BROAD MARKET ETF","0.1523","$60.03","","-$9.14"
"03/15/2024","Reinvest Dividend","SCHB","SCHWAB US BROAD MARKET ETF","","","","$9.14"
"02/16/2024","Qualified Dividend","AAPL","APPLE INC","","","","$2.40"
"02/15/2024","Sell","AAPL","APPLE INC","4","$190.00","$0.05","$759.95"
"01/13/2024","NRA Tax Adj","AAPL","APPLE INC","","","","-$0.36"
"01/04/2024","Buy","SCHB","SCHWAB US BROAD MARKET ETF","100","$56.10","","-$5,610.00"
"01/03/2024","Buy","AAPL","APPLE INC","10","$184.25","$4.95","-$1,847.45"
"01/02/2024","MoneyLink Transfer","","Tfr BANK","","","","$8,000.00"
"Transactions Total","","","","","","","$1,305.80"
""",
    [
        (None, None, None, "1.07"),
        ("buy", "SCHB", "0.1523", "-9.14"),
        ("dividend", "SCHB", None, "9.14"),
        ("dividend", "AAPL", None, "2.40"),
        ("sell", "AAPL", "4", "759.95"),
        (None, None, None, "-0.36"),
        ("buy", "SCHB", "100", "-5610.00"),
        ("buy", "AAPL", "10", "-1847.45"),
        (None, None, None, "8000.00"),
    ],
    {"AAPL": "6", "SCHB": "100.1523"},
    "1305.61",
)
FIDELITY = Layout(
    "Fidelity, account history",
    "USD",
    """\


Run Date,Account,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Fees ($),Accrued Interest ($),\
Amount ($),Settlement Date
 03/15/2024,"Individual X1", REINVESTMENT FIDELITY 500 INDEX FUND (FXAIX) (Cash), FXAIX, FIDELITY 500 INDEX FUND,Cash,\
0.05,180,,,,-9,
 03/15/2024,"Individual X1", DIVIDEND RECEIVED FIDELITY 500 INDEX FUND (FXAIX) (Cash), FXAIX, FIDELITY 500 INDEX FUND,\
Cash,,,,,,9,
 02/15/2024,"Individual X1", YOU SOLD APPLE INC (AAPL) (Cash), AAPL, APPLE INC,Cash,-4,190,,0.02,,759.98,02/20/2024
 01/04/2024,"Individual X1", YOU BOUGHT FIDELITY 500 INDEX FUND (FXAIX) (Cash), FXAIX, FIDELITY 500 INDEX FUND,Cash,\
30,165.5,,,,-4965,01/05/2024
 01/03/2024,"Individual X1", YOU BOUGHT APPLE INC (AAPL) (Cash), AAPL, APPLE INC,Cash,10,184.25,4.95,,,-1847.45,\
01/05/2024
 01/02/2024,"Individual X1", Electronic Funds Transfer Received (Cash), , No Description,Cash,,,,,,8000,


"The data and information in this spreadsheet is provided to you solely for your use."
"Date downloaded 04/01/2024 9:00 pm"
""",
    [
        ("buy", "FXAIX", "0.05", "-9.00"),
        ("dividend", "FXAIX", None, "9.00"),
        ("sell", "AAPL", "4", "759.98"),
        ("buy", "FXAIX", "30", "-4965.00"),
        ("buy", "AAPL", "10", "-1847.45"),
        (None, None, None, "8000.00"),
    ],
    {"AAPL": "6", "FXAIX": "30.05"},
    "1947.53",
)
VANGUARD = Layout(
    "Vanguard, download centre",
    "USD",
    """\
Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,
12345678,VANGUARD TOTAL STOCK MARKET,VTI,8.0325,250.10,2008.93,

Account Number,Trade Date,Settlement Date,Transaction Type,Transaction Description,Investment Name,Symbol,Shares,\
Share Price,Principal Amount,Commission Fees,Net Amount,Accrued Interest,Account Type,
12345678,2024-01-02,2024-01-02,Funds Received,Electronic Bank Transfer,CASH,,0,1.0,3000.0,0.0,3000.0,0.0,CASH,
12345678,2024-01-03,2024-01-05,Buy,Buy,VANGUARD TOTAL STOCK MARKET,VTI,10,235.50,-2355.0,1.0,-2356.0,0.0,CASH,
12345678,2024-03-15,2024-03-15,Dividend,Dividend Received,VANGUARD TOTAL STOCK MARKET,VTI,0,1.0,8.12,0.0,8.12,0.0,CASH,
12345678,2024-03-15,2024-03-15,Reinvestment,Dividend Reinvestment,VANGUARD TOTAL STOCK MARKET,VTI,0.0325,249.85,-8.12,\
0.0,-8.12,0.0,CASH,
12345678,2024-03-18,2024-03-20,Sell,Sell,VANGUARD TOTAL STOCK MARKET,VTI,-2,250.00,500.0,1.0,499.0,0.0,CASH,
12345678,2024-03-20,2024-03-20,Sweep in,Sweep,VANGUARD FEDERAL MONEY MARKET,VMFXX,0,1.0,-499.0,0.0,-499.0,0.0,CASH,
""",
    [
        (None, None, None, "3000.00"),
        ("buy", "VTI", "10", "-2356.00"),
        ("dividend", "VTI", None, "8.12"),
        ("buy", "VTI", "0.0325", "-8.12"),
        ("sell", "VTI", "2", "499.00"),
    ],
    {"VTI": "8.0325"},
    "1143.00",
    {"asset_type": "etf"},
    {"VTI": "etf"},
)
ROBINHOOD = Layout(
    "Robinhood, account activity",
    "USD",
    """\
"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code","Quantity","Price","Amount"
"3/29/2024","3/29/2024","3/29/2024","","Interest Payment","INT","","","$1.07"
"2/16/2024","2/16/2024","2/16/2024","AAPL","Cash Div: R/D 2024-02-12 P/D 2024-02-15 - 10 shares at 0.24","CDIV","","",\
"$2.40"
"2/15/2024","2/15/2024","2/20/2024","AAPL","Apple
CUSIP: 037833100","Sell","4","$190.00","$760.00"
"1/31/2024","1/31/2024","1/31/2024","","Gold Subscription Fee","GOLD","","","($5.00)"
"1/3/2024","1/3/2024","1/5/2024","AAPL","Apple
CUSIP: 037833100","Buy","10","$184.25","($1,842.50)"
"1/2/2024","1/2/2024","1/8/2024","","ACH Deposit","ACH","","","$2,000.00"

"","","","","","","","","","The data provided is for informational purposes only."
""",
    [
        (None, None, None, "1.07"),
        ("dividend", "AAPL", None, "2.40"),
        ("sell", "AAPL", "4", "760.00"),
        (None, None, None, "-5.00"),
        ("buy", "AAPL", "10", "-1842.50"),
        (None, None, None, "2000.00"),
    ],
    {"AAPL": "6"},
    "915.97",
)
COINBASE = Layout(
    "Coinbase, transaction history",
    "EUR",
    """\
Transactions
User,Kim,1234

ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,\
Total (inclusive of fees and/or spread),Fees and/or Spread,Notes
c6,2024-05-02 09:00:00 UTC,Send,BTC,-0.001,EUR,€55000.00,€55.00,€55.00,€0.00,Sent 0.001 BTC
c5,2024-04-02 09:00:00 UTC,Sell,BTC,-0.004,EUR,€60000.00,€240.00,€236.42,€3.58,Sold 0.004 BTC for 236.42 EUR
c4,2024-03-01 09:00:00 UTC,Rewards Income,ETH,0.0005,EUR,€3000.00,€1.50,€1.50,€0.00,
c3,2024-02-01 09:00:00 UTC,Receive,ETH,0.5,EUR,€2000.00,€1000.00,€1000.00,€0.00,Received 0.5 ETH
c2,2024-01-03 10:00:00 UTC,Buy,BTC,0.0125,EUR,€40000.00,€500.00,€507.45,€7.45,Bought 0.0125 BTC for 507.45 EUR
c1,2024-01-02 10:00:00 UTC,Deposit,EUR,600,EUR,€1.00,€600.00,€600.00,€0.00,
""",
    [
        ("withdrawal", "BTC", "0.001", None),
        ("sell", "BTC", "0.004", "236.42"),
        ("reinvest", "ETH", "0.0005", None),
        ("deposit", "ETH", "0.5", None),
        ("buy", "BTC", "0.0125", "-507.45"),
        (None, None, None, "600.00"),
    ],
    {"BTC": "0.0075", "ETH": "0.5005"},
    "328.97",
    {"asset_type": "crypto"},
    {"BTC": "crypto", "ETH": "crypto"},
)
PORTFOLIO_PERFORMANCE = Layout(
    "Portfolio Performance, and Trade Republic by way of it",
    "EUR",
    """\
Datum;Typ;Wert;Buchungswährung;Bruttobetrag;Währung Bruttobetrag;Wechselkurs;Gebühren;Steuern;Stück;ISIN;WKN;\
Ticker-Symbol;Wertpapiername;Notiz
2024-01-02T00:00;Einlage;5.000,00;EUR;;;;;;;;;;;
2024-01-03T00:00;Kauf;2.251,00;EUR;;;;1,00;;20;IE00BK5BQT80;A2PKXG;VWCE;Vanguard FTSE All-World;Sparplan
2024-02-15T00:00;Dividende;18,41;EUR;;;;;6,59;;IE00BK5BQT80;A2PKXG;VWCE;Vanguard FTSE All-World;
2024-03-15T00:00;Verkauf;590,12;EUR;;;;1,00;8,88;5;IE00BK5BQT80;A2PKXG;VWCE;Vanguard FTSE All-World;
2024-03-31T00:00;Zinsen;7,36;EUR;;;;;2,64;;;;;;
2024-04-30T00:00;Gebühren;12,50;EUR;;;;;;;;;;;Depot
2024-05-31T00:00;Entnahme;100,00;EUR;;;;;;;;;;;
""",
    [
        (None, None, None, "5000.00"),
        ("buy", "VWCE", "20", "-2251.00"),
        ("dividend", "VWCE", None, "18.41"),
        ("sell", "VWCE", "5", "590.12"),
        (None, None, None, "7.36"),
        (None, None, None, "-12.50"),
        (None, None, None, "-100.00"),
    ],
    {"VWCE": "15"},
    "3252.39",
)
KRAKEN = Layout(
    "Kraken, trades",
    "EUR",
    """\
"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"
"TA1","OA1","XXBTZEUR","2024-01-03 10:00:00.1234","buy","limit",40000.0,500.0,0.8,0.0125,0.0,"","LA1,LA2"
"TA2","OA2","ETH/EUR","2024-02-03 10:00:00.1234","buy","limit",2000.0,1000.0,1.6,0.5,0.0,"","LA3,LA4"
"TA3","OA3","XXBTZEUR","2024-04-02 10:00:00.1234","sell","market",60000.0,240.0,0.62,0.004,0.0,"","LA5,LA6"
""",
    [
        ("buy", "BTC", "0.0125", "-500.80"),
        ("buy", "ETH", "0.5", "-1001.60"),
        ("sell", "BTC", "0.004", "239.38"),
    ],
    {"BTC": "0.0085", "ETH": "0.5"},
    "-1263.02",
    {"asset_type": "crypto"},
    {"BTC": "crypto"},
)
LAYOUTS = [
    INTERACTIVE_BROKERS,
    DEGIRO,
    TRADING_212,
    SCHWAB,
    FIDELITY,
    VANGUARD,
    ROBINHOOD,
    COINBASE,
    PORTFOLIO_PERFORMANCE,
    KRAKEN,
]
