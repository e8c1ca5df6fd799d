"""Who works at Meridian Goods: a dozen people, two of them new, and two places that are free."""

from datetime import date, timedelta

from demo.people import person
from demo.seeder import Made, Seeder
from demo.sizes import dice
from systems.hr.contract import Hr
from triptych.canonical.people import NewEmployee, NewOnboardingTask, NewPosition

AGENT = "Elif Demir"
"""Who answers customers."""
AGENT_MAIL = "elif.demir@meridian.example"
AGENTS_PLACE = 5
FOUNDED = date(2014, 4, 1)
BEGINS = date(2026, 7, 1)
"""The first day of those who are new."""
POSITIONS = (
    ("MD", "Managing Director", "Management"),
    ("BUY", "Head of Purchasing", "Purchasing"),
    ("LOG", "Head of Logistics", "Logistics"),
    ("SAL", "Head of Sales", "Sales"),
    ("FIN", "Head of Finance", "Finance"),
    ("CARE", "Customer Care Agent", "Customer Care"),
    ("TEA", "Tea Taster", "Purchasing"),
    ("ROAST", "Roaster", "Purchasing"),
    ("WH", "Warehouse Associate", "Logistics"),
    ("REP", "Sales Representative", "Sales"),
    ("BOOK", "Bookkeeper", "Finance"),
    ("IT", "Integration Engineer", "Operations"),
    ("SHOP", "Tea Room Host", "Sales"),
    ("MKT", "Campaign Editor", "Sales"),
)
TASKS = (
    ("Set up the mailbox", "Operations"),
    ("Hand over the keys", "Logistics"),
    ("Taste twelve teas", None),
)


async def positions(seeder: Seeder, made: Made, count: int) -> None:
    """The places in the company."""
    hr = seeder.client(Hr)

    async def write(number: int) -> str:
        code, title, department = POSITIONS[number % len(POSITIONS)]
        position = NewPosition(
            code=f"{code}-{number // len(POSITIONS) + 1}", title=title, department=department
        )
        return (await hr.positions.create(position)).id

    made.positions = await seeder.each("positions", count, write)


async def employees(seeder: Seeder, made: Made, count: int) -> None:
    """Those who hold them; one of each six is new, and has things to do first."""
    hr = seeder.client(Hr)
    hired: dict[int, str] = {}

    async def write(number: int) -> None:
        manager_id = hired[(number - 1) // 4] if number else None
        employee = await hr.employees.create(_employee(number, made.positions[number], manager_id))
        hired[number] = employee.id
        if not _new(number):
            await hr.activate_employee(employee.id)
            return
        for place, (title, department) in enumerate(TASKS):
            task = await hr.onboarding_tasks.create(
                NewOnboardingTask(
                    employee_id=employee.id,
                    title=title,
                    department=department,
                    due_on=BEGINS + timedelta(days=place),
                    place=place + 1,
                )
            )
            if place == 0:
                await hr.complete_task(task.id)

    await seeder.each("employees", count, write)


def _new(number: int) -> bool:
    return number % 6 == 4


def _employee(number: int, position_id: str, manager_id: str | None) -> NewEmployee:
    somebody = person("employee", number)
    agent = number == AGENTS_PLACE
    chance = dice("career", number)
    return NewEmployee(
        external_id=f"E-{number + 1:03}",
        name=AGENT if agent else somebody.name,
        email=AGENT_MAIL if agent else somebody.email.replace("post.example", "meridian.example"),
        phone=somebody.phone,
        position_id=position_id,
        manager_id=manager_id,
        hired_on=BEGINS if _new(number) else FOUNDED + timedelta(days=chance.randrange(4000)),
        birth_date=date(1962, 1, 1) + timedelta(days=chance.randrange(14_000)),
        address=somebody.address,
        language=somebody.country.language,
    )
