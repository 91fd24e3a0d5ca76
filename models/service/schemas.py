"""What is asked and answered: `POST /generate-domains` and `POST /generate` differ in their answers' shape alone.

{"business_description": "mobile dog groomer, Leeds", "count": 3, "tlds": ["co.uk"]}
    -> {"domains": ["pawlane.co.uk", ...], "status": "success", "business_description": "...", "generation_time": 0.41,
        "model_used": "smollm2-lora+guard", "quality_score": 4.2, "fallback": false}
    -> {"suggestions": [{"domain": "pawlane.co.uk", "confidence": 0.31}, ...], "status": "success", ...}
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field

from models.contract import MAX_LABEL, split_domain
from models.input_check import MAX_CHARACTERS
from models.suggest import Ask
from models.types import Wishes
from models.wishes import MIN_LABEL

MAX_COUNT = 10


def _suffix(value: str) -> str:
    suffix = value.lower().removeprefix(".")
    if split_domain(f"name.{suffix}") != ("name", suffix):
        raise ValueError("expected a public suffix such as com or co.uk")
    return suffix


Suffix = Annotated[str, Field(min_length=2, max_length=20, examples=["com"]), AfterValidator(_suffix)]
Word = Annotated[str, Field(pattern=r"^[a-z0-9]{1,20}$", examples=["paw"])]


class Request(BaseModel):
    """A business and what is asked of its names; wishes in the description's own words count, too."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"business_description": "mobile dog groomer, Leeds"},
                {"business_description": "kombucha brewery", "count": 5, "tlds": ["com", "co"], "max_length": 9},
            ]
        },
    )

    business_description: str = Field(description=f"1 to {MAX_CHARACTERS} characters, in any language")
    count: int = Field(
        3,
        ge=1,
        le=MAX_COUNT,
        validation_alias=AliasChoices("count", "num_domains"),
        description="how many names; `num_domains` is read as the same",
    )
    tlds: list[Suffix] = Field([], max_length=20, description="the only suffixes that names may have")
    max_length: int | None = Field(None, ge=MIN_LABEL, le=MAX_LABEL, description="letters before the suffix")
    allow_hyphens: bool = True
    allow_digits: bool = True
    must_include: list[Word] = Field([], max_length=5, description="every name holds one of these")
    language: str = Field("en", pattern="^[a-z]{2}$", description="of the description, ISO 639-1")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="another seed gives other names; the same seed the same names")
    category: str | None = Field(None, max_length=100, description="accepted for older clients; not used")

    def ask(self) -> Ask:
        """The request as the model's process takes it."""
        wishes = Wishes(
            must_include=tuple(self.must_include),
            allowed_tlds=tuple(dict.fromkeys(self.tlds)),
            no_hyphens=not self.allow_hyphens,
            no_digits=not self.allow_digits,
            max_label_length=self.max_length,
        )
        return Ask(self.business_description, self.count, wishes, self.language, self.seed)


class Suggestion(BaseModel):
    """A name, and how likely blind readers would call it at least usable."""

    domain: str
    confidence: float | None = Field(ge=0, le=1, description="none where the fallback answered")
    availability: Literal["available", "registered", "unknown"] | None = None


class _Common(BaseModel):
    status: Literal["success", "blocked"]
    message: str = ""
    reason: str = Field("", description="why it was refused")
    model_used: str
    fallback: bool = Field(False, description="the model had failed: the rule-based template answered")
    generation_time: float = Field(description="seconds, waiting included")


class Domains(_Common):
    """Answer of /generate-domains."""

    domains: list[str]
    business_description: str
    quality_score: float | None = Field(
        ge=0, le=10, description="what blind readers would say of the list, 0-10, by ranker A; none where the fallback answered"
    )


class Suggestions(_Common):
    """Answer of /generate."""

    suggestions: list[Suggestion]


class DomainsError(BaseModel):
    """Error of /generate-domains."""

    domains: list[str] = []
    status: Literal["error"] = "error"
    message: str


class SuggestionsError(BaseModel):
    """Error of /generate and of every other route."""

    suggestions: list[Suggestion] = []
    status: Literal["error"] = "error"
    message: str
