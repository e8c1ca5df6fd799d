"""What the buyers of Meridian Goods came up with: tea, coffee, and what it takes to make and serve them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Idea:
    """A product as the buyers thought of it."""

    sku: str
    name: str
    unit: str
    cents: int
    supplier: int
    description: str

    @property
    def category(self) -> str:
        """The shelf it stands on, told by its SKU."""
        return CATEGORIES[self.sku.partition("-")[0]]


CATEGORIES = {"TEA": "Tea", "COF": "Coffee", "KIT": "Kitchenware", "PAN": "Pantry"}

# SKU | name | unit | price in EUR | number of the supplier, and below what it is
_WRITTEN_DOWN = """
TEA-CHAI-10 | Masala Chai | 10 boxes x 20 bags | 18.90 | 0
  Black tea with cardamom, ginger and cinnamon.
TEA-EARL-10 | Earl Grey | 10 boxes x 20 bags | 17.90 | 0
  Ceylon tea with oil of bergamot from Calabria.
COF-HOUSE-1K | House Blend | 1 kg of beans | 16.50 | 3
  Round and nutty: half Brazil, half Honduras.
COF-ESPR-1K | Espresso Notturno | 1 kg of beans | 18.90 | 3
  Dark roast with a spoonful of robusta, for a thick crema.
KIT-MUG-6 | Stoneware Mugs | 6 mugs, 0.3 l | 42.00 | 5
  Glazed in the colours of the North Sea, each a little different.
KIT-POT-1L | Cast Iron Teapot | 1 pot, 1.0 l | 54.90 | 6
  Keeps warm for an hour; with a steel strainer.
TEA-SENCHA-5 | Sencha | 5 tins x 100 g | 39.50 | 1
  First flush from Shizuoka, steamed for a minute.
TEA-GYOK-50 | Gyokuro Asahi | 50 g tin | 34.00 | 1
  Shaded for three weeks before the harvest. Little of it comes each year.
COF-YIRG-250 | Yirgacheffe | 250 g of beans | 9.90 | 4
  Washed, from small gardens at 2,000 m: jasmine and lemon.
PAN-HONEY-6 | Linden Honey | 6 jars x 500 g | 47.40 | 7
  From hives under the lime trees of the Uckermark.
TEA-ROOI-10 | Rooibos | 10 boxes x 20 bags | 15.90 | 2
  Free of caffeine, from the Cederberg.
KIT-KETTLE-1 | Gooseneck Kettle | 1 kettle, 0.9 l | 79.00 | 6
  Steel, for gas and induction; pours in a thin stream.
COF-DECAF-1K | Decaf Huila | 1 kg of beans | 19.90 | 4
  Decaffeinated with cane sugar, in the valley where it grows.
TEA-MINT-10 | Peppermint | 10 boxes x 20 bags | 13.90 | 2
  Cut leaf from Franconia.
PAN-SUGAR-10 | Rock Sugar | 10 boxes x 500 g | 22.50 | 7
  White crystals, as tea is sweetened in East Frisia.
KIT-FILTER-100 | Paper Filters | 100 filters, size 2 | 4.50 | 5
  Unbleached, for two cups.
TEA-ASSAM-1K | Assam Mangalam | 1 kg bag | 38.90 | 0
  Second flush, malty; takes milk well.
COF-COLD-6 | Cold Brew | 6 bottles x 250 ml | 16.20 | 3
  Steeped for sixteen hours and bottled cold.
KIT-GRIND-1 | Hand Mill | 1 mill | 89.00 | 6
  Steel burrs, forty clicks from espresso to press pot.
TEA-DARJ-250 | Darjeeling First Flush | 250 g tin | 28.90 | 0
  Picked in March; light, with a note of grapes.
KIT-SERVER-1 | Glass Server | 1 server, 0.6 l | 24.50 | 5
  Heat-proof glass with marks for two and four cups.
PAN-CANT-8 | Cantuccini | 8 bags x 200 g | 26.40 | 7
  Almond biscuits from Prato, baked twice.
COF-SUMA-250 | Sumatra Gayo | 250 g of beans | 10.90 | 4
  Wet-hulled: cedar, spice and dark chocolate.
TEA-OOLO-100 | Milk Oolong | 100 g tin | 17.50 | 1
  From Alishan, rolled by hand, soft as cream.
KIT-WHISK-1 | Bamboo Whisk | 1 whisk | 18.90 | 6
  A hundred tines, carved from one piece of bamboo.
TEA-MATCHA-30 | Ceremonial Matcha | 30 g tin | 26.50 | 1
  Stone-ground in Uji, to be whisked rather than brewed.
COF-FILT-10 | Drip Bags | 10 bags x 12 g | 11.90 | 4
  One cup each, for trains and hotel rooms.
KIT-TRAY-1 | Serving Tray | 1 tray, 45 cm | 36.00 | 5
  Bent birch with a rim that holds six cups.
PAN-OAT-12 | Oat Drink Barista | 12 cartons x 1 l | 23.88 | 7
  Froths like milk, and does not curdle in coffee.
KIT-YIXING-1 | Yixing Teapot | 1 pot, 0.15 l | 119.00 | 6
  Purple clay, unglazed; it remembers every tea. Sold out until the next kiln.
TEA-WHITE-50 | Silver Needle | 50 g tin | 29.50 | 1
  Only buds, dried in the sun of Fujian.
COF-GEISHA-100 | Geisha Boquete | 100 g of beans | 39.00 | 4
  From one lot of one estate in Panama.
KIT-DRIP-1 | Porcelain Dripper | 1 dripper, size 2 | 29.00 | 5
  With ribs that let the water through at its own pace.
TEA-CHAM-10 | Camomile | 10 boxes x 20 bags | 12.90 | 2
  Whole flowers from Masovia.
PAN-MARM-6 | Bitter Orange Marmalade | 6 jars x 340 g | 28.80 | 7
  Seville oranges, thick cut.
COF-INST-12 | Freeze-dried Coffee | 12 jars x 100 g | 64.80 | 3
  Better than its reputation.
KIT-SCALE-1 | Brewing Scale | 1 scale | 59.00 | 6
  To a tenth of a gram, with a timer.
TEA-GIFT-12 | Tea Cabinet | 12 tins x 25 g | 49.00 | 2
  Twelve teas in a box of beech: a present for those who have everything.
COF-GIFT-4 | Roaster's Choice | 4 bags x 250 g | 39.90 | 3
  Whatever our roaster drinks this month.
KIT-SPOON-4 | Tea Measures | 4 spoons | 14.90 | 5
  Brass, for a cup, a pot, a large pot and a party.
"""


def _read(text: str) -> Iterator[Idea]:
    lines = text.strip().splitlines()
    for terms, description in zip(lines[::2], lines[1::2], strict=True):
        sku, name, unit, price, supplier = (term.strip() for term in terms.split("|"))
        yield Idea(sku, name, unit, int(price.replace(".", "")), int(supplier), description.strip())


IDEAS = tuple(_read(_WRITTEN_DOWN))
"""In the order in which they came; the first ones are in every company."""
