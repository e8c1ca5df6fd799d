"""The warehouses, and what lies in them: plenty of most things, little of some, none of one."""

from demo import assortment
from demo.seeder import Made, Seeder
from demo.sizes import dice
from systems.warehouse.contract import Warehouse
from triptych.canonical.inventory import LocationKind, NewInventoryLevel, NewLocation
from triptych.canonical.party import Address

HAMBURG, LYON, SHOP = range(3)
LOCATIONS = (
    NewLocation(
        code="HAM-1",
        name="Hamburg, Speicherstadt",
        address=Address(line1="Am Speicher 3", postal_code="20457", city="Hamburg", country="DE"),
    ),
    NewLocation(
        code="LYS-1",
        name="Lyon, Port Édouard",
        address=Address(line1="8 quai des Tilleuls", postal_code="69007", city="Lyon", country="FR"),
    ),
    NewLocation(
        code="HAM-S",
        name="Tea room by the warehouse",
        kind=LocationKind.STORE,
        address=Address(line1="Am Speicher 1", postal_code="20457", city="Hamburg", country="DE"),
        ships=False,
    ),
)


async def locations(seeder: Seeder, made: Made, count: int) -> None:
    """Two warehouses, and a shop that sends nothing."""
    warehouse = seeder.client(Warehouse)

    async def write(number: int) -> str:
        return (await warehouse.locations.create(LOCATIONS[number])).id

    made.locations = await seeder.each("locations", count, write)


async def stock(seeder: Seeder, made: Made, count: int) -> None:
    """How much of each product lies where."""
    warehouse = seeder.client(Warehouse)

    async def write(number: int) -> None:
        for place, on_hand in opening(number).items():
            await warehouse.inventory.create(
                NewInventoryLevel(
                    sku=assortment.sku(number),
                    location_id=made.locations[place],
                    on_hand=on_hand,
                    safety_stock=5 if on_hand > 100 else 0,
                )
            )

    await seeder.each("stock", count, write)


def opening(number: int) -> dict[int, int]:
    """How many of a product lie at each location before anything is sold.

    Hamburg has so much more of everything that all orders leave from there, in whichever order they come.
    """
    chance = dice("stock", number)
    if assortment.sold_out(number):
        return {HAMBURG: 0, LYON: 0}
    if assortment.scarce(number):
        return {HAMBURG: chance.randint(2, 5)}
    levels = {HAMBURG: chance.randrange(600, 1200, 20), LYON: chance.randrange(120, 300, 10)}
    return levels | ({SHOP: chance.randint(4, 20)} if number % 4 == 0 else {})
