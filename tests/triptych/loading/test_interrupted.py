"""A run that is broken off, by a service that is away or by the operator, is finished by the next one."""

import asyncio
from pathlib import Path

import psutil
import pytest

from tests.triptych.loading.club.contract import Club, MemberFilter
from tests.triptych.loading.conftest import Folder
from triptych.contract import every
from triptych.loading import Clients, LoadRun, Refusal, read_mapping
from triptych.loading.reading import Reading, silent

MEMBERS = """
    mapping: club
    files: {members.csv: }
    load:
      - into: club.members
        file: members.csv
        key: number
        map: {number: id, name: name}
"""


def members(count: int) -> str:
    """A file with so many members."""
    return "id,name\n" + "".join(f"{number},Member {number}\n" for number in range(count))


async def numbers(club: Club) -> list[int]:
    """The numbers of all members, in order."""
    found = [member.number async for member in every(club.members, MemberFilter(limit=200))]
    return sorted(int(number) for number in found)


async def test_a_service_that_is_away_for_a_moment_is_waited_for(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=members(3))
    await club.close(4)
    report = await folder.load()
    assert (report.complete, report.files[0].created) == (True, 3)


async def test_a_service_that_stays_away_stops_the_run_and_the_next_run_goes_on(
    folder: Folder, club: Club
) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=members(5))
    await folder.load()
    folder.write(members_csv=members(50))
    await club.close(10_000)
    report = await folder.load()
    assert report.stopped
    assert not report.complete
    assert report.files[0].refused == []

    await asyncio.sleep(1.1)  # until the circuit lets one call try again
    await club.close(0)
    assert await numbers(club) == [0, 1, 2, 3, 4]
    report = await folder.load()
    assert report.complete
    assert await numbers(club) == list(range(50))


async def test_a_run_that_is_cancelled_midway_is_finished_by_the_next_with_nothing_doubled(
    folder: Folder, club: Club, clients: Clients
) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=members(600))
    mapping = await asyncio.to_thread(read_mapping, folder.path / "mapping.yaml")
    enough = asyncio.Event()

    def told(file: str, read: int, size: int) -> None:
        enough.set()

    run = LoadRun(folder.path, mapping, clients, told)  # after the first batch, that is
    running = asyncio.create_task(run.run())
    await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    done = run.report.files[0].created
    assert 0 < done < 600
    assert len(await numbers(club)) >= done

    (file,) = (await folder.load()).files
    assert await numbers(club) == list(range(600))
    assert file.created + file.unchanged == 600
    assert file.created <= 600 - done


async def test_two_runs_at_once_double_nothing(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=members(100))
    first, second = await asyncio.gather(folder.load(), folder.load())
    assert (first.complete, second.complete) == (True, True)
    assert await numbers(club) == list(range(100))


async def test_progress_is_told_in_bytes_of_each_file(folder: Folder, clients: Clients) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=members(450))
    mapping = await asyncio.to_thread(read_mapping, folder.path / "mapping.yaml")
    told: list[tuple[str, int, int]] = []

    def tell(file: str, read: int, size: int) -> None:
        told.append((file, read, size))

    await LoadRun(folder.path, mapping, clients, tell).run()
    size = len(members(450))
    assert len(told) == 3
    assert told[-1] == ("members.csv", size, size)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


LARGE = """
    mapping: club
    files: {members.csv: , tags.csv: }
    load:
      - into: club.members
        file: members.csv
        key: number
        with:
          tags: {each: tags.csv, by: member, is: tagged}
        map: {number: id, name: name, tags: 'tags[].tag'}
"""


async def test_a_file_of_any_size_is_read_in_the_memory_of_a_small_one(tmp_path: Path) -> None:
    """200,000 rows, some with rows that are looked up in another file of 20,000, in the opposite order."""
    count = 200_000

    def written() -> None:
        with (tmp_path / "members.csv").open("w") as file:
            file.write("id,name,tagged\n")
            file.writelines(f"{n},Member {n},{'' if n % 100 else n // 10}\n" for n in range(count))
        with (tmp_path / "tags.csv").open("w") as file:
            file.write("member,tag\n")
            file.writelines(f"{n},tag-{n}\n" for n in reversed(range(count // 10)))
        (tmp_path / "mapping.yaml").write_text(LARGE)

    await asyncio.to_thread(written)
    mapping = await asyncio.to_thread(read_mapping, tmp_path / "mapping.yaml")
    process = psutil.Process()
    before, most, rows = process.memory_info().rss, 0, 0
    async with Reading(tmp_path, mapping, mapping.steps, silent) as reading:
        await reading.fill()
        async for batch in (await reading.turns(mapping.steps[0])).batches():
            tags = [] if rows % 100 else [f"tag-{rows // 10}"]
            assert batch[0].record.get("tags", []) == tags
            rows += len(batch)
            most = max(most, process.memory_info().rss - before)
    assert rows == count
    assert most < 30 * 2**20, f"{most / 2**20:.0f} MB"


async def test_a_refused_row_has_no_part_of_it_written(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv='id,name\n1,"A\x07"\n2,Bo\n')
    (file,) = (await folder.load()).files
    assert [(row.line, row.pointer) for row in file.refused] == [(2, "/name")]
    assert isinstance(file.refused[0], Refusal)
    assert await numbers(club) == [2]
