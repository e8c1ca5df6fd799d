"""Code lists: countries (ISO 3166-1 alpha-2) and currencies with their minor units (ISO 4217)."""

import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema


class OneOf:
    """Marks a text as one of a published code list: `Annotated[str, OneOf(COUNTRIES, "…")]`.

    Looked up in pydantic's core, without a Python call; the error says which list, and not all of it.
    """

    def __init__(self, codes: Mapping[str, Any], what: str, example: str) -> None:
        self.codes = sorted(codes)
        self.what = what
        self.example = example

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.custom_error_schema(
            core_schema.literal_schema(self.codes),
            custom_error_type="unknown_code",
            custom_error_message=f"Input should be {self.what}, such as '{self.example}'",
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": self.codes}


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The code and the name of each entry: `DE Germany; FR France`."""
    for entry in text.replace("\n", " ").split(";"):
        code, _, name = entry.strip().partition(" ")
        yield code, name


_COUNTRY_NAMES = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL Albania; AM
Armenia; AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; AX
Åland Islands; AZ Azerbaijan; BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; BF
Burkina Faso; BG Bulgaria; BH Bahrain; BI Burundi; BJ Benin; BL Saint Barthélemy; BM Bermuda; BN Brunei;
BO Bolivia; BQ Bonaire, Sint Eustatius and Saba; BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW
Botswana; BY Belarus; BZ Belize; CA Canada; CC Cocos Islands; CD Democratic Republic of the Congo; CF
Central African Republic; CG Congo; CH Switzerland; CI Côte d'Ivoire; CK Cook Islands; CL Chile; CM
Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cabo Verde; CW Curaçao; CX Christmas Island;
CY Cyprus; CZ Czechia; DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ
Algeria; EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI
Finland; FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB United
Kingdom; GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM
Gambia; GN Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia and the South Sandwich
Islands; GT Guatemala; GU Guam; GW Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard Island and McDonald
Islands; HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of
Man; IN India; IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS Iceland; IT Italy; JE Jersey; JM
Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros; KN Saint
Kitts and Nevis; KP North Korea; KR South Korea; KW Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos; LB
Lebanon; LC Saint Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania; LU
Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF Saint Martin; MG
Madagascar; MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; MN Mongolia; MO Macao; MP
Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV
Maldives; MW Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF
Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New
Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines; PK
Pakistan; PL Poland; PM Saint Pierre and Miquelon; PN Pitcairn; PR Puerto Rico; PS Palestine; PT Portugal;
PW Palau; PY Paraguay; QA Qatar; RE Réunion; RO Romania; RS Serbia; RU Russia; RW Rwanda; SA Saudi Arabia;
SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore; SH Saint Helena, Ascension and
Tristan da Cunha; SI Slovenia; SJ Svalbard and Jan Mayen; SK Slovakia; SL Sierra Leone; SM San Marino; SN
Senegal; SO Somalia; SR Suriname; SS South Sudan; ST Sao Tome and Principe; SV El Salvador; SX Sint
Maarten; SY Syria; SZ Eswatini; TC Turks and Caicos Islands; TD Chad; TF French Southern Territories; TG
Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL Timor-Leste; TM Turkmenistan; TN Tunisia; TO Tonga; TR
Türkiye; TT Trinidad and Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda; UM United
States Minor Outlying Islands; US United States; UY Uruguay; UZ Uzbekistan; VA Holy See; VC Saint Vincent
and the Grenadines; VE Venezuela; VG British Virgin Islands; VI United States Virgin Islands; VN Vietnam;
VU Vanuatu; WF Wallis and Futuna; WS Samoa; YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""

COUNTRIES: Mapping[str, str] = MappingProxyType(dict(_entries(_COUNTRY_NAMES)))
"""ISO 3166-1 alpha-2 codes with their usual English names."""

_OTHER_NAMES = """
AE UAE; BR Brasil; BS The Bahamas; CD DR Congo; CG Republic of the Congo; CI Ivory Coast; CN People's
Republic of China; CV Cape Verde; CZ Czech Republic; DE Deutschland; FM Micronesia, Federated States of;
GB UK; GB Great Britain; GB England; GB Scotland; GB Wales; GB Northern Ireland; GM The Gambia; HK Hong
Kong SAR; IE Republic of Ireland; IE Eire; KR Korea; KR Republic of Korea; MK Macedonia; MM Burma; MO
Macau; NL Holland; NL The Netherlands; RU Russian Federation; SZ Swaziland; TL East Timor; TR Turkey; US
USA; US United States of America; US America; VA Vatican; VA Vatican City; VN Viet Nam
"""

_MINOR_UNITS = {
    0: """
BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
    """,
    2: """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA
MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR
RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD
TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL
    """,
    3: """
BHD IQD JOD KWD LYD OMR TND
    """,
    4: """
CLF UYW
    """,
}

MINOR_UNITS: Mapping[str, int] = MappingProxyType(
    {code: places for places, codes in _MINOR_UNITS.items() for code in codes.split()}
)
"""ISO 4217 currencies in use, and those retired since 2024 that records still hold, with their decimals."""

Currency = Annotated[str, OneOf(MINOR_UNITS, "a currency code of ISO 4217", "EUR")]
"""A currency, ISO 4217."""


def _plain(text: str) -> str:
    """Without accents, case, punctuation and surrounding space, so that spellings meet."""
    letters = unicodedata.normalize("NFKD", text.replace("&", " and "))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
    return " ".join(bare.replace(".", "").replace(",", " ").replace("-", " ").split()).removeprefix("the ")


_CODES = {
    **{_plain(name): code for code, name in COUNTRIES.items()},
    **{_plain(name): code for code, name in _entries(_OTHER_NAMES)},
    **{code.casefold(): code for code in COUNTRIES},
}


def country_code(text: str) -> str:
    """The ISO 3166-1 alpha-2 code of a country given by code or English name: "Germany", "USA", "UK".

    Raises ValueError, naming the text, when no country is called so.
    """
    code = _CODES.get(_plain(text))
    if code is None:
        raise ValueError(f"no country is called {text!r}")
    return code
