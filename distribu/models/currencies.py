"""The currencies that a company can sell in: those of ISO 4217 with two decimals or none.

A price is stored in hundredths of its currency's unit, even if that unit
has no smaller coin, so changing the currency changes no row: 12.00 stays 12.
"""

from decimal import Decimal

# List one of ISO 4217 (six-group.com), without funds, metals and codes for testing.
_WITH_CENTS = {
    "AED": "UAE dirham", "AFN": "Afghani", "ALL": "Lek", "AMD": "Armenian dram", "AOA": "Kwanza",
    "ARS": "Argentine peso", "AUD": "Australian dollar", "AWG": "Aruban florin",
    "AZN": "Azerbaijan manat", "BAM": "Convertible mark", "BBD": "Barbados dollar", "BDT": "Taka",
    "BMD": "Bermudian dollar", "BND": "Brunei dollar", "BOB": "Boliviano", "BRL": "Brazilian real",
    "BSD": "Bahamian dollar", "BTN": "Ngultrum", "BWP": "Pula", "BYN": "Belarusian ruble",
    "BZD": "Belize dollar", "CAD": "Canadian dollar", "CDF": "Congolese franc",
    "CHF": "Swiss franc", "CNY": "Yuan renminbi", "COP": "Colombian peso",
    "CRC": "Costa Rican colon", "CUP": "Cuban peso", "CVE": "Cabo Verde escudo",
    "CZK": "Czech koruna", "DKK": "Danish krone", "DOP": "Dominican peso", "DZD": "Algerian dinar",
    "EGP": "Egyptian pound", "ERN": "Nakfa", "ETB": "Ethiopian birr", "EUR": "Euro",
    "FJD": "Fiji dollar", "FKP": "Falkland Islands pound", "GBP": "Pound sterling", "GEL": "Lari",
    "GHS": "Ghana cedi", "GIP": "Gibraltar pound", "GMD": "Dalasi", "GTQ": "Quetzal",
    "GYD": "Guyana dollar", "HKD": "Hong Kong dollar", "HNL": "Lempira", "HTG": "Gourde",
    "HUF": "Forint", "IDR": "Rupiah", "ILS": "New Israeli sheqel", "INR": "Indian rupee",
    "IRR": "Iranian rial", "JMD": "Jamaican dollar", "KES": "Kenyan shilling", "KGS": "Som",
    "KHR": "Riel", "KPW": "North Korean won", "KYD": "Cayman Islands dollar", "KZT": "Tenge",
    "LAK": "Lao kip", "LBP": "Lebanese pound", "LKR": "Sri Lanka rupee", "LRD": "Liberian dollar",
    "LSL": "Loti", "MAD": "Moroccan dirham", "MDL": "Moldovan leu", "MGA": "Malagasy ariary",
    "MKD": "Denar", "MMK": "Kyat", "MNT": "Tugrik", "MOP": "Pataca", "MRU": "Ouguiya",
    "MUR": "Mauritius rupee", "MVR": "Rufiyaa", "MWK": "Malawi kwacha", "MXN": "Mexican peso",
    "MYR": "Malaysian ringgit", "MZN": "Mozambique metical", "NAD": "Namibia dollar",
    "NGN": "Naira", "NIO": "Cordoba oro", "NOK": "Norwegian krone", "NPR": "Nepalese rupee",
    "NZD": "New Zealand dollar", "PAB": "Balboa", "PEN": "Sol", "PGK": "Kina",
    "PHP": "Philippine peso", "PKR": "Pakistan rupee", "PLN": "Zloty", "QAR": "Qatari rial",
    "RON": "Romanian leu", "RSD": "Serbian dinar", "RUB": "Russian ruble", "SAR": "Saudi riyal",
    "SBD": "Solomon Islands dollar", "SCR": "Seychelles rupee", "SDG": "Sudanese pound",
    "SEK": "Swedish krona", "SGD": "Singapore dollar", "SHP": "Saint Helena pound", "SLE": "Leone",
    "SOS": "Somali shilling", "SRD": "Surinam dollar", "SSP": "South Sudanese pound",
    "STN": "Dobra", "SYP": "Syrian pound", "SZL": "Lilangeni", "THB": "Baht", "TJS": "Somoni",
    "TMT": "Turkmenistan manat", "TOP": "Pa’anga", "TRY": "Turkish lira",
    "TTD": "Trinidad and Tobago dollar", "TWD": "New Taiwan dollar", "TZS": "Tanzanian shilling",
    "UAH": "Hryvnia", "USD": "US dollar", "UYU": "Uruguayan peso", "UZS": "Uzbekistan sum",
    "VES": "Bolívar soberano", "WST": "Tala", "XCD": "East Caribbean dollar",
    "YER": "Yemeni rial", "ZAR": "Rand", "ZMW": "Zambian kwacha",
}  # fmt: skip
WITHOUT_DECIMALS = {
    "BIF": "Burundi franc", "CLP": "Chilean peso", "DJF": "Djibouti franc", "GNF": "Guinean franc",
    "ISK": "Iceland krona", "JPY": "Yen", "KMF": "Comorian franc", "KRW": "Won",
    "PYG": "Guarani", "RWF": "Rwanda franc", "UGX": "Uganda shilling", "VND": "Dong",
    "VUV": "Vatu", "XAF": "CFA franc BEAC", "XOF": "CFA franc BCEAO", "XPF": "CFP franc",
}  # fmt: skip
CURRENCIES = dict(sorted((_WITH_CENTS | WITHOUT_DECIMALS).items()))


def has_decimals(price_minor: int) -> bool:
    """Return whether the price is not a whole number of currency units."""
    return price_minor % 100 != 0


def digits(price_minor: int, currency: str, grouped: str = "") -> str:
    """Return the price as text: "1250.00", or "1250" in a currency without decimals.

    grouped: the thousands separator, "" or ",".

    >>> digits(125000, "EUR", ","), digits(125000, "JPY")
    ('1,250.00', '1250')
    """
    # Never round a price that has decimals although its currency has none.
    is_whole = currency in WITHOUT_DECIMALS and not has_decimals(price_minor)
    return f"{Decimal(price_minor).scaleb(-2):{grouped}.{0 if is_whole else 2}f}"
