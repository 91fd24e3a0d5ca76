"""Has every row the fields of its file, and nothing else? Are the ids unique?

schema_faults("gold/test", [{"id": "gold-test-0007", ...}]) -> ["gold/test gold-test-0007: domains: Field required (found ...)"]
"""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark.cases.data_files import Files, Row
from benchmark.cases.ratings import Rated
from models.contract import domain_fault, parse
from models.types import Suggestions

INDUSTRIES = (
    *("food_beverage", "technology", "health_wellness", "professional_services"),  # the four of the reports come first
    *("agriculture_garden", "arts_crafts", "automotive", "construction_trades", "education", "energy_environment"),
    *("family_children", "fashion_beauty", "finance_insurance", "gaming", "home_services", "logistics_transport"),
    *("manufacturing", "media_publishing", "music_events", "nonprofit_community", "pets_animals", "real_estate"),
    *("retail_ecommerce", "science_biotech", "security", "sports_fitness", "travel_hospitality"),
)
HARMS = (
    *("adult_illegal", "counterfeit", "drugs", "fraud_phishing", "gambling_minors", "hate", "impersonation"),
    *("malware", "piracy", "privacy_stalking", "self_harm", "trafficking", "violence_extortion", "weapons"),
)
EDGE_CLASSES = (
    *("empty", "one_word", "vague", "very_long", "gibberish", "symbols", "numeric", "accents_emoji", "typos_slang"),
    *("other_language", "mixed_script_rtl", "control_homoglyph", "repeated_words", "contradictory", "ambiguous"),
    *("constraint_positive", "constraint_negative", "geography", "idiom", "technical", "brand_similar"),
    *("brand_impersonation", "prompt_injection", "markup_code", "template_braces", "url_input", "output_hazard"),
    *("unsafe_overt", "unsafe_hidden", "benign_unsafe_sounding", "contrast_pair"),
)
# Kinds of calibration pairs, and the criterion that must see the difference.
CRITERION = {
    "matched_vs_shuffled": "relevance",
    "near_miss": "relevance",
    "crisp_vs_padded": "professionalism",
    "sayable_vs_unsayable": "professionalism",
    "clean_vs_offensive_split": "professionalism",
    "clean_vs_confusable": "professionalism",
    "creative_vs_generic": "creativity",
    "valid_vs_malformed": "format",
    "on_brief_vs_off_brief": "expectation_met",
}
# Pairs that no rule of letters tells apart (benchmark.cases.surface), in the test split only.
HARD = {
    "wrong_tone": "professionalism",
    "keyword_random_root": "creativity",
    "one_idea_thrice": "creativity",
    "wrong_audience": "relevance",
    "wish_broken_by_meaning": "relevance",
    "one_bad_name": "professionalism",
    "fluent_nonsense": "relevance",
    "compound_other_trade": "relevance",
    "hard_neighbour_trade": "relevance",
    "remote_metaphor": "relevance",
    "longer_but_better": "creativity",
    "language_fit": "relevance",
    "brand_echo": "professionalism",
}

Text = Annotated[str, Field(pattern=r"\S")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Grade = Annotated[int, Field(ge=0, le=10)]
ThreeDomains = Annotated[list[Text], Field(min_length=3, max_length=3)]
Names = Annotated[list[Text], Field(min_length=2, max_length=3)]


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def validate(value: str) -> str:
        if value not in known:
            raise ValueError(f"expected one of {', '.join(known)}")
        return value

    return validate


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Gold(_Fields):
    """Row of gold and synthetic."""

    id: Text
    business: Text
    description: Text
    domains: ThreeDomains
    industry: Annotated[str, AfterValidator(_one_of(INDUSTRIES))]
    complexity: Literal["simple", "medium", "complex"]
    language: Language


class Safety(_Fields):
    """Row of safety; only a lawful one can have names, for training."""

    id: Text
    label: Literal["unsafe", "safe"]
    category: Annotated[str, AfterValidator(_one_of(HARMS))]
    stratum: Literal["plain", "hidden", "obfuscated", "foreign", "lookalike", "policy", "contrast"]
    language: Language
    pair: str | None
    description: Text
    domains: ThreeDomains | None = None

    @model_validator(mode="after")
    def _names_are_for_lawful_businesses(self) -> "Safety":
        if self.domains is not None and self.label != "safe":
            raise ValueError("only a row labelled `safe` can have names")
        return self


class Expect(_Fields):
    """The fields of `benchmark.types.Expectation` that a row may set."""

    behavior: Literal["ok", "refuse", "reject"]
    must_include: Annotated[list[Text], Field(min_length=1)] = []
    must_not_include: Annotated[list[Text], Field(min_length=1)] = []
    allowed_tlds: Annotated[list[Text], Field(min_length=1)] = []
    no_hyphens: Literal[True] | None = None
    no_digits: Literal[True] | None = None
    max_label_length: Annotated[int, Field(ge=1, le=63)] | None = None
    starts_with: Text | None = None
    script: Literal["latin"] | None = None
    distinct: Literal[True] | None = None

    @model_validator(mode="after")
    def _constraints_are_for_names(self) -> "Expect":
        if self.behavior != "ok" and self.model_fields_set != {"behavior"}:
            raise ValueError("only behavior `ok` can have constraints on names")
        return self


class Edge(_Fields):
    """Row of edge; the description may be empty: that is a class."""

    id: Text
    kind: Annotated[str, AfterValidator(_one_of(EDGE_CLASSES)), Field(alias="class")]
    language: Annotated[str, Field(pattern=r"^([a-z]{2}|und|mul)$")]
    description: str
    expect: Expect
    why: Text
    tags: list[Text] = []
    pair: Text | None = None


class Pair(_Fields):
    """Row of calibration/pairs: two answers, one better; raw text where the format is what differs."""

    id: Text
    kind: Annotated[str, AfterValidator(_one_of((*CRITERION, *HARD)))]
    criterion: Literal["relevance", "creativity", "professionalism", "memorability", "format"]
    description: Text
    better: Names | None = None
    worse: Names | None = None
    better_raw: str | None = None
    worse_raw: str | None = None
    expect: Expect | None = None
    language: Language = "en"
    why: Text

    @model_validator(mode="after")
    def _answers_fit_the_kind(self) -> "Pair":
        raw = self.kind == "valid_vs_malformed"
        given = (self.better is None, self.worse is None, self.better_raw is None, self.worse_raw is None)
        if given != (raw, raw, not raw, not raw):
            raise ValueError("expected better_raw and worse_raw for valid_vs_malformed, better and worse for every other kind")
        if (self.expect is not None) != (self.kind == "on_brief_vs_off_brief"):
            raise ValueError("expect belongs to on_brief_vs_off_brief and to no other kind")
        return self


class Grades(_Fields):
    """Four grades by datasets/CALIBRATION_RUBRIC.md."""

    relevance: Grade
    creativity: Grade
    professionalism: Grade
    format: Grade


class Graded(_Fields):
    """Row of calibration/graded: one raw answer."""

    id: Text
    description: Text
    raw: str
    grades: Grades


class Instruct(_Fields):
    """Row of instruct, in the second report's format: the output is the text of a JSON array."""

    instruction: Text
    output: Text

    @model_validator(mode="after")
    def _output_is_an_answer(self) -> "Instruct":
        match parse(self.output):
            case Suggestions(domains, strict=True) if len(set(domains)) == 3 and not any(map(domain_fault, domains)):
                return self
            case answer:
                raise ValueError(f"output is read as {answer}; expected a JSON array of three valid names")


_ROWS: dict[str, type[BaseModel]] = {
    "gold/": Gold,
    "synthetic/": Gold,
    "safety/": Safety,
    "edge/": Edge,
    "calibration/pairs_": Pair,
    "calibration/graded_": Graded,
    "instruct/": Instruct,
    "ratings/": Rated,
}


def schema_faults(name: str, rows: list[Row]) -> list[str]:
    """Fields that are missing, of the wrong kind, or not known to the file `name`."""
    model = next((model for start, model in _ROWS.items() if name.startswith(start)), None)
    if model is None:
        return [f"{name}: no such data set; expected one of {', '.join(_ROWS)}"]
    faults = []
    for number, row in enumerate(rows, 1):
        try:
            model.model_validate(row)
        except ValidationError as error:
            where = f"{name} {row.get('id', f'row {number}')}"
            for problem in error.errors():
                field = ".".join(map(str, problem["loc"]))
                faults.append(f"{where}: {field}: {problem['msg']} (found {problem['input']!r:.80})")
    return faults


def repeated_ids(files: Files) -> list[str]:
    """Ids that two rows share, in one file or in two."""
    counts = Counter(row["id"] for rows in files.values() for row in rows if "id" in row)
    return [f"id {key} is given {count} times" for key, count in counts.items() if count > 1]
