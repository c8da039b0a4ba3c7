"""What a new replica need not wait for."""

from pydantic import Field

from settings.section import Section
from settings.values import Flag


class WarmStart(Section):
    """What is kept so that a new replica starts sooner."""

    images: Flag = Field(
        default=False,
        description="Have the engines' images on every GPU node before a replica asks for them; on super nodes: from "
        "an image cache of yours.",
    )
    compile_cache: Flag = Field(
        default=False,
        description="Keep what the engines compile in the model store, for the next replica of the same model with the "
        "same image, GPU and arguments.",
    )
    model_cache: Flag = Field(
        default=False,
        description="Keep the models' files on the disks of the GPU nodes too, and read them there where the copy is "
        "whole.",
    )
