"""What is said of bad input."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError

from triptych.validation import invalid_input


class Basket(BaseModel):
    """Something with at least one quantity in it."""

    quantities: Annotated[tuple[int, ...], Field(min_length=1)]


@pytest.mark.parametrize(("given", "pointers"), [(["two"], ["/quantities/0"]), ([], ["/quantities"])])
def test_a_list_is_not_called_too_short_for_its_faulty_items(given: list[str], pointers: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Basket.model_validate({"quantities": given})

    assert [error["pointer"] for error in invalid_input(caught.value).errors] == pointers
