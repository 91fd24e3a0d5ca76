"""The catalogue: the shipped file reads, and whatever is wrong in one is named by file, table and key."""

import re

import pytest

from models import catalog, embedded
from models.catalog import DEFAULT_MODELS, OpenAIEntry, TemplateEntry, TransformersEntry, read_catalog, select, select_local
from models.errors import CatalogError, WeightsError
from models.prompts import load_prompt

GOOD = """
[floor]
kind = "template"
role = "reference"

[base]
kind = "transformers"
role = "reference"
weights = "weights/base"
quantization = "nf4"
prompt = "compact"
decoding = { max_new_tokens = 32 }

[endpoint]
kind = "openai"
role = "candidate"
base_url = "http://127.0.0.1:8000/v1"
model = "local"
prompt = "compact"
"""


@pytest.fixture
def catalog_file(tmp_path):
    """Give a function that writes a catalogue beside a prompts folder and returns its path."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "compact.yaml").write_text("messages: []")
    path = tmp_path / "catalog.toml"

    def write(text: str):
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_shipped_catalogue_reads():
    entries = read_catalog()
    assert {name.split("+")[0] for name in DEFAULT_MODELS} <= set(entries)
    assert all(entry.name == name for name, entry in entries.items())
    local = {name: entry for name, entry in entries.items() if isinstance(entry, TransformersEntry)}
    tuned = {name: entry for name, entry in local.items() if entry.adapter}
    assert "smollm2-lora" in tuned
    for name, entry in tuned.items():
        base = local[re.sub(r"-(lora|v\d)$", "", name)]
        assert (entry.weights, entry.quantization) == (base.weights, base.quantization)
        assert (base.role, base.adapter) == ("reference", None)
        assert entry.role == ("candidate" if name.endswith("-lora") else "reference"), "earlier versions do not ship"


def test_a_good_catalogue_gives_typed_entries(catalog_file):
    entries = read_catalog(catalog_file(GOOD))
    assert entries["floor"] == TemplateEntry(name="floor", kind="template", role="reference")
    assert isinstance(entries["base"], TransformersEntry)
    assert (entries["base"].decoding.max_new_tokens, entries["base"].decoding.temperature) == (32, 0.0)
    assert isinstance(entries["endpoint"], OpenAIEntry)


@pytest.mark.parametrize(
    ("old", "new", "table", "key"),
    [
        ('weights = "weights/base"', 'weights = "weights/base"\ncolour = "red"', "base", "colour"),
        ('weights = "weights/base"', "", "base", "weights"),
        ('kind = "template"', 'kind = "magic"', "floor", "kind"),
        ('kind = "template"', "", "floor", "kind"),
        ('kind = "template"', 'kind = "template"\nname = "other"', "floor", "name"),
        ('role = "candidate"', 'role = "champion"', "endpoint", "role"),
        ('quantization = "nf4"', 'quantization = "int3"', "base", "quantization"),
        ('quantization = "nf4"\nprompt = "compact"', 'quantization = "nf4"\nprompt = "haiku"', "base", "prompt"),
        ("max_new_tokens = 32", "max_new_tokens = 0", "base", "decoding.max_new_tokens"),
        ("max_new_tokens = 32", "beams = 2", "base", "decoding.beams"),
        ('base_url = "http://127.0.0.1:8000/v1"', 'base_url = "127.0.0.1:8000"', "endpoint", "base_url"),
    ],
)
def test_a_wrong_key_is_named_with_its_file_and_table(catalog_file, old, new, table, key):
    assert old in GOOD
    path = catalog_file(GOOD.replace(old, new, 1))
    with pytest.raises(CatalogError) as caught:
        read_catalog(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, table [{table}]")
    assert "key '" in message
    assert f"{key}'" in message


def test_a_wrong_value_is_quoted_back_and_an_unknown_prompt_lists_the_known_ones(catalog_file):
    with pytest.raises(CatalogError, match=r"'nf4' or 'none' \(found 'int3'\)"):
        read_catalog(catalog_file(GOOD.replace('"nf4"', '"int3"')))
    with pytest.raises(CatalogError, match=r"no prompt 'haiku' in .*/prompts; there are: compact"):
        read_catalog(catalog_file(GOOD.replace('"compact"', '"haiku"')))


def test_prompts_are_those_beside_the_catalogue_or_else_the_shipped_ones(catalog_file, tmp_path):
    (tmp_path / "prompts" / "compact.yaml").write_text('messages: [{role: user, content: "Ours: {{ description }}"}]')
    path = catalog_file(GOOD)
    for name in ("base", "endpoint"):
        assert read_catalog(path)[name].load_prompt().render("bakery") == [{"role": "user", "content": "Ours: bakery"}]
    with pytest.raises(CatalogError, match=f"no prompt 'few_shot' in {tmp_path / 'prompts'}; there are: compact"):
        read_catalog(catalog_file(GOOD.replace('"compact"', '"few_shot"')))
    alone = tmp_path / "alone" / "catalog.toml"
    alone.parent.mkdir()
    alone.write_text(GOOD.replace('"compact"', '"few_shot"'))
    assert read_catalog(alone)["base"].load_prompt() == load_prompt("few_shot")


def test_the_folder_of_prompts_is_not_a_key(catalog_file):
    with pytest.raises(CatalogError, match="key 'prompts': prompts are in the folder prompts/ beside the catalogue; remove"):
        read_catalog(catalog_file(GOOD.replace('prompt = "compact"', 'prompt = "compact"\nprompts = "elsewhere"', 1)))


def test_a_file_that_is_no_catalogue_is_named(catalog_file, tmp_path):
    with pytest.raises(CatalogError, match=r"catalog\.toml: 'smollm2' is a str; expected a table \[smollm2\]"):
        read_catalog(catalog_file('smollm2 = "nf4"'))
    with pytest.raises(CatalogError, match=r"catalog\.toml: .*line 2"):
        read_catalog(catalog_file("[floor]\nkind = template"))
    with pytest.raises(CatalogError, match=r"absent\.toml"):
        read_catalog(tmp_path / "absent.toml")
    with pytest.raises(CatalogError, match=r"catalog\.toml: .*recursion"):
        read_catalog(catalog_file(f"deep = {'[' * 200_000}"))
    (tmp_path / "latin1.toml").write_bytes(b'[caf\xe9]\nkind = "template"')
    with pytest.raises(CatalogError, match=r"latin1\.toml: .*utf-8"):
        read_catalog(tmp_path / "latin1.toml")


def transformers_entry(**fields) -> TransformersEntry:
    defaults = {"weights": "embedded", "quantization": "nf4", "prompt": "compact", "role": "candidate"}
    return TransformersEntry(name="tuned", kind="transformers", **(defaults | fields))


def test_missing_weights_name_the_folder_and_the_key(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()  # an empty folder is no model
    entry = transformers_entry(weights=str(folder))
    with pytest.raises(WeightsError) as caught:
        entry.weights_path()
    assert str(folder) in str(caught.value)
    assert "config.json" in str(caught.value)
    assert "`weights` of [tuned] in catalog.toml" in str(caught.value)
    (folder / "config.json").write_text("{}")
    assert entry.weights_path() == folder


def test_a_missing_adapter_names_the_folder_and_the_command(tmp_path):
    folder = tmp_path / "adapter"
    entry = transformers_entry(adapter=str(folder))
    with pytest.raises(WeightsError) as caught:
        entry.adapter_path()
    assert str(folder) in str(caught.value)
    assert "python -m training.lora RECIPE" in str(caught.value)
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    assert entry.adapter_path() == folder


def test_relative_folders_start_at_the_repository_root(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "ROOT", tmp_path)
    (tmp_path / "weights" / "base").mkdir(parents=True)
    (tmp_path / "weights" / "base" / "config.json").write_text("{}")
    assert transformers_entry(weights="weights/base").weights_path() == tmp_path / "weights" / "base"


def test_embedded_weights_are_asked_for_and_a_base_has_no_adapter(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "ensure", lambda: tmp_path)
    entry = transformers_entry()
    assert entry.weights_path() == tmp_path
    assert entry.adapter_path() is None


def test_select_keeps_the_order_given_and_drops_repeats(catalog_file):
    entries = read_catalog(catalog_file(GOOD))
    assert [entry.name for entry in select("endpoint, floor,,endpoint", entries)] == ["endpoint", "floor"]


@pytest.mark.parametrize("names", ["", " , ", "floor,nosuch", "Floor", "base-lora"])
def test_select_refuses_unknown_and_empty_lists(catalog_file, names):
    with pytest.raises(CatalogError) as caught:
        select(names, read_catalog(catalog_file(GOOD)))
    assert repr(names) in str(caught.value)
    assert "['base', 'endpoint', 'floor']" in str(caught.value)


def test_only_models_with_weights_here_are_local(catalog_file):
    entries = read_catalog(catalog_file(GOOD))
    assert select_local("base", entries) is entries["base"]
    with pytest.raises(CatalogError, match="model 'floor' is of kind 'template'; expected transformers"):
        select_local("floor", entries)


def test_an_option_behind_a_name_asks_the_same_model_in_another_way():
    catalog = read_catalog()
    [entry] = select("smollm2-lora+guard+grammar", catalog)
    assert entry.name == "smollm2-lora+guard+grammar"
    assert entry.guard
    assert entry.grammar
    assert entry.unguarded() == select("smollm2-lora+grammar", catalog)[0]
    assert catalog["smollm2-lora"].guard is False


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("template+grammar", "a grammar needs a model of kind transformers"),
        ("smollm2+nosuch", "unknown \\['smollm2\\+nosuch'\\]"),
        ("nosuch+guard", "unknown \\['nosuch\\+guard'\\]"),
    ],
)
def test_an_option_that_cannot_be_is_told(names, message):
    with pytest.raises(CatalogError, match=message):
        select(names, read_catalog())
