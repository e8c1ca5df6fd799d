"""Where the customers live and how people are called there. Every name and street is made up of common words.

Telephone numbers are of the ranges that regulators set aside for films and books (BNetzA, Arcep, Ofcom, PTS);
people of other countries have none.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """One country: its people, firms, streets and towns."""

    code: str
    """ISO 3166-1 alpha-2."""
    language: str
    """BCP 47."""
    given: str
    """Given names, separated by spaces."""
    family: str
    """Family names, likewise."""
    firms: tuple[str, ...]
    """What firms are called, around a family name."""
    streets: tuple[str, ...]
    """Streets, around a house number."""
    towns: tuple[tuple[str, str], ...]
    """Postal codes and towns."""
    phones: str | None = None
    """A telephone number, around three digits."""


COUNTRIES = (
    Country(
        "DE",
        "de",
        "Anna Jonas Lena Paul Greta Emil Klara Felix Mia Theo Ronja Henrik",
        "Weber Schäfer Köhler Brandt Lorenz Winkler Özdemir Sommer Krüger Albrecht",
        ("Teehaus {} GmbH", "Rösterei {} OHG", "Café {} GmbH", "{} Feinkost KG"),
        ("Lindenallee {}", "Am Mühlbach {}", "Gartenstraße {}", "Kastanienweg {}"),
        (("20457", "Hamburg"), ("10115", "Berlin"), ("50667", "Köln"), ("04109", "Leipzig")),
        "+493023125{:03}",
    ),
    Country(
        "FR",
        "fr",
        "Camille Louis Manon Jules Chloé Hugo Inès Gaspard Zoé Mathieu Élise Rémi",
        "Lefèvre Moreau Garnier Rousseau Chevalier Lambert Marchand Boucher Noël Benali",
        ("Maison {} SARL", "Comptoir {} SAS", "Salon de thé {}"),
        ("{} rue des Acacias", "{} place du Marché", "{} quai des Tilleuls"),
        (("69002", "Lyon"), ("44000", "Nantes"), ("33000", "Bordeaux"), ("59000", "Lille")),
        "+33199001{:03}",
    ),
    Country(
        "NL",
        "nl",
        "Sanne Daan Fleur Bram Lotte Sem Noor Thijs Maud Ruben",
        "Bakker Visser Mulder Dekker Prins Kuipers Hoekstra Vermeer Aydin Willems",
        ("Theehuis {} B.V.", "Koffiebranderij {} B.V.", "{} & Zonen"),
        ("Molenstraat {}", "Wilgenlaan {}", "Havenkade {}"),
        (("3011 AA", "Rotterdam"), ("3511 AA", "Utrecht"), ("9711 AA", "Groningen")),
    ),
    Country(
        "GB",
        "en-GB",
        "Grace Oliver Maya Arthur Isla Rory Freya Amir Edith Owen",
        "Fletcher Cooper Osei Hughes Patel Barker Whitfield Sinclair Thorne Kaur",
        ("{} & Daughters Ltd", "{} Tea Rooms Ltd", "The {} Larder"),
        ("{} Orchard Road", "{} Mill Lane", "{} Harbour Street"),
        (("BS1 4DJ", "Bristol"), ("EH1 1YZ", "Edinburgh"), ("LS1 4AP", "Leeds")),
        "+442079460{:03}",
    ),
    Country(
        "SE",
        "sv",
        "Elsa Oskar Astrid Nils Maja Axel Freja Sixten Linnéa Björn",
        "Lindholm Bergström Åkesson Nyberg Sandgren Hedlund Öberg Ekdahl Wallin Strand",
        ("{}s Kafferosteri AB", "Tehuset {} AB", "{} & Co AB"),
        ("Björkvägen {}", "Sjögatan {}", "Åsgränd {}"),
        (("111 20", "Stockholm"), ("411 03", "Göteborg"), ("903 26", "Umeå")),
    ),
    Country(
        "PL",
        "pl",
        "Zofia Jakub Hanna Stanisław Maja Łukasz Alicja Wojciech Iga Paweł",
        "Nowak Wiśniewska Zając Kamińska Wójcik Sikora Jabłońska Pawlak Górska Żak",
        ("Herbaciarnia {} Sp. z o.o.", "Palarnia {} Sp. z o.o."),
        ("ul. Lipowa {}", "ul. Ogrodowa {}", "al. Kasztanowa {}"),
        (("31-042", "Kraków"), ("50-107", "Wrocław"), ("80-831", "Gdańsk")),
    ),
    Country(
        "ES",
        "es",
        "Lucía Mateo Carmen Diego Alba Íñigo Valeria Nuria Álvaro Jimena",
        "Navarro Iglesias Ortega Peña Castaño Múgica Serrano Cortés Vidal Roldán",
        ("Casa {} S.L.", "Cafés {} S.A.", "La Tetería de {} S.L."),
        ("Plaza de la Luna {}", "Plaza del Olivo {}", "Paseo de la Ribera {}"),
        (("28012", "Madrid"), ("41001", "Sevilla"), ("20003", "Donostia")),
    ),
    Country(
        "IT",
        "it",
        "Giulia Lorenzo Chiara Matteo Niccolò Bianca Tommaso Elena Pietro Sara",
        "Ferri Marchetti Galli Conti Bellini Morelli Serra Fontana Rinaldi Costa",
        ("Torrefazione {} S.r.l.", "Drogheria {} S.n.c."),
        ("Via dei Mulini {}", "Via del Forno {}", "Piazza delle Erbe {}"),
        (("40121", "Bologna"), ("34121", "Trieste"), ("10121", "Torino")),
    ),
    Country(
        "GR",
        "el",
        "Ελένη Γιώργος Μαρία Νίκος Δήμητρα Ανδρέας",
        "Παπαδοπούλου Καραγιάννης Οικονόμου Αλεξίου Βλάχος",
        ("Καφεκοπτείο {}", "{} Α.Ε."),
        ("Οδός Ελιάς {}", "Οδός Φάρου {}"),
        (("105 57", "Αθήνα"), ("546 24", "Θεσσαλονίκη")),
    ),
    Country(
        "JP",
        "ja",
        "陽子 健太 美咲 翔太 結衣 直樹",
        "佐藤 鈴木 高橋 田中 渡辺 山本",
        ("株式会社{}茶舗", "{}珈琲店"),
        ("桜通り{}", "青葉町{}"),
        (("604-8005", "京都市"), ("420-0852", "静岡市")),
    ),
)
