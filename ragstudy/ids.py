"""What arms and adapters are called. Names are built here and never taken apart again.

Examples:
    >>> arm = ArmId("qwen", "retrieved", 200, "-self_distilled")
    >>> str(arm), str(AdapterId(arm, 1)), arm.series
    ('qwen+retrieved-200-self_distilled', 'qwen+retrieved-200-self_distilled@1', 'qwen+retrieved-self_distilled')
    >>> str(AdapterId(arm.moved_from("medicine"), 1))
    'qwen+retrieved-200-self_distilled-from-medicine@1'
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, order=True)
class ArmId:
    """What is compared: a generator as it is declared, or one training recipe on it.

    Attributes:
        generator: name of the declared generator.
        format: training format, or '' for the generator as it is declared.
        size: training pairs, or 0.
        suffix: what sets the recipe apart from others of its format, beginning with '-', or ''.
        home: domain that the adapters come from, where it is another one than they are asked on, or ''.
    """

    generator: str
    format: str = ""
    size: int = 0
    suffix: str = ""
    home: str = ""

    def __str__(self) -> str:
        """The name in files and reports."""
        if not self.format:
            return self.generator
        origin = f"-from-{self.home}" if self.home else ""
        return f"{self.generator}+{self.format}-{self.size}{self.suffix}{origin}"

    @property
    def series(self) -> str:
        """The name without the size, which arms of one recipe share; '' for a declared generator."""
        return f"{self.generator}+{self.format}{self.suffix}" if self.format else ""

    def moved_from(self, domain: str) -> ArmId:
        """The same arm where it is asked on another domain than it was trained on.

        Args:
            domain: that it was trained on.
        """
        return replace(self, home=domain)


@dataclass(frozen=True, order=True)
class AdapterId:
    """One training of an arm.

    Attributes:
        arm: that it belongs to; its seeds are replicates.
        seed: of the training.
    """

    arm: ArmId
    seed: int

    def __str__(self) -> str:
        """The name in files and reports."""
        return f"{self.arm}@{self.seed}"
