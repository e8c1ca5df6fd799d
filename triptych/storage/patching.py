"""What a merge patch leaves of an entity, judged by the model that the entity was made with."""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel

from triptych.contract import Patch


def patched(entity: BaseModel, patch: Patch[Any], new: type[BaseModel]) -> dict[str, Any]:
    """The fields that the patch names, as they will be. Raises ValidationError.

    The whole is validated as if the entity were made anew, so that rules between fields hold too; what the
    entity has beyond its New model (totals of a line, say) is left out of that.
    """
    document = cast("dict[str, Any]", known(entity.model_dump(mode="json"), new))
    return new.model_validate(patch.apply(document)).model_dump(include=set(patch.changes))


def known(value: Any, annotation: Any) -> Any:
    """The part of a JSON value that a type has fields for, all the way down."""
    if get_origin(annotation) is Annotated:
        return known(value, get_args(annotation)[0])
    choices = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    for choice in choices:
        if isinstance(value, Mapping) and isinstance(choice, type) and issubclass(choice, BaseModel):
            document = cast("Mapping[str, Any]", value)
            fields = {name: field for name, field in choice.model_fields.items() if name in document}
            return {name: known(document[name], field.annotation) for name, field in fields.items()}
        if isinstance(value, list) and get_origin(choice) in (tuple, list):
            return [known(item, get_args(choice)[0]) for item in cast("list[Any]", value)]
    return cast("Any", value)
