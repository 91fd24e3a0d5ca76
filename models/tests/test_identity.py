"""Identity: whatever can change an answer changes it, and nothing else does; found from files alone, without any model."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from models import catalog, embedded, identity, prompts
from models.catalog import Decoding, OpenAIEntry, TemplateEntry, TransformersEntry

PROMPT = "messages:\n  - {role: user, content: 'Name: {{ description }}'}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Folders `base` and `tuned` with the files of a model and an adapter, and a cache folder of its own."""
    monkeypatch.setenv(embedded.CACHE_VARIABLE, str(tmp_path / "cache"))
    for name, text in {
        "base/config.json": "{}",
        "base/generation_config.json": '{"eos_token_id": 2}',
        "base/model.safetensors": "weights",
        "base/tokenizer.json": "words",
        "base/tokenizer_config.json": "{}",
        "base/chat_template.jinja": "{{ messages }}",
        "base/README.md": "card",
        "tuned/adapter_config.json": "{}",
        "tuned/adapter_model.safetensors": "matrices",
        "tuned/manifest.json": "{}",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def entry(folder, **settings):
    fields = {"name": "m", "role": "candidate", "kind": "transformers", "quantization": "nf4", "prompt": "compact"}
    return TransformersEntry(**{**fields, "weights": str(folder / "base"), "adapter": str(folder / "tuned"), **settings})


def test_equal_for_the_same_files_in_another_place_under_another_name(folder, tmp_path):
    before = identity.identity(entry(folder))
    assert json.loads(json.dumps(before)) == before, "it must survive being stored as JSON"
    shutil.copytree(folder / "base", tmp_path / "elsewhere")
    (folder / "base" / "README.md").write_text("another card")
    (folder / "tuned" / "manifest.json").write_text('{"seconds": 3}')
    renamed = entry(folder, name="n", role="reference", weights=str(tmp_path / "elsewhere"))
    assert identity.identity(renamed) == before


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("base/model.safetensors", "weights"),
        ("base/config.json", "weights"),
        ("base/generation_config.json", "weights"),
        ("base/tokenizer.json", "tokenizer"),
        ("base/tokenizer_config.json", "tokenizer"),
        ("base/chat_template.jinja", "tokenizer"),
        ("tuned/adapter_config.json", "adapter"),
        ("tuned/adapter_model.safetensors", "adapter"),
    ],
)
def test_a_changed_file_changes_its_part_only(folder, path, part):
    before = identity.identity(entry(folder))
    file = folder / path
    text = file.read_text()
    file.write_text(text + " ")
    changed = identity.identity(entry(folder))
    assert {key for key in before if before[key] != changed[key]} == {part}
    file.write_text(text)
    assert identity.identity(entry(folder)) == before


def test_a_second_shard_a_swap_and_a_new_name_change_the_weights(folder):
    def weights():
        return identity.identity(entry(folder))["weights"]

    found = {weights()}
    (folder / "base" / "model-2.safetensors").write_text("more")
    found.add(weights())
    (folder / "base" / "model.safetensors").write_text("more")
    (folder / "base" / "model-2.safetensors").write_text("weights")
    found.add(weights())
    (folder / "base" / "model-2.safetensors").rename(folder / "base" / "model-3.safetensors")
    found.add(weights())
    assert len(found) == 4


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"adapter": None}, {"adapter"}),
        ({"quantization": "none"}, {"quantization"}),
        ({"prompt": "few_shot"}, {"prompt"}),
        ({"decoding": Decoding(max_new_tokens=47)}, {"decoding"}),
        ({"decoding": Decoding(temperature=0.1)}, {"decoding"}),
        ({"decoding": Decoding(top_p=0.9)}, {"decoding"}),
        ({"decoding": Decoding(seed=1)}, {"decoding"}),
        ({"decoding": Decoding(stop="\n")}, {"decoding"}),
    ],
)
def test_a_changed_setting_changes_its_part_only(folder, settings, parts):
    before, after = identity.identity(entry(folder)), identity.identity(entry(folder, **settings))
    assert {key for key in before if before[key] != after[key]} == parts


def test_a_changed_prompt_file_changes_the_prompt(folder):
    found = []
    for text in (PROMPT, PROMPT.replace("Name", "Brand")):
        (folder / "compact.yaml").write_text(text)
        prompts.load_prompt.cache_clear()
        found.append(identity.identity(entry(folder, prompts=folder))["prompt"])
    assert found[0] != found[1]


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (identity, "ENGINE_VERSION", "next"),
        (identity, "default_device", lambda: "x"),
        (catalog, "default_dtype", lambda device: "x"),
    ],
)
def test_the_engine_the_device_and_the_dtype_count(folder, monkeypatch, module, name, value):
    before = identity.identity(entry(folder))
    monkeypatch.setattr(module, name, value)
    assert identity.identity(entry(folder)) != before


def test_an_entry_with_a_dtype_is_the_same_on_every_machine(folder, monkeypatch):
    fixed = entry(folder, dtype="float32")
    before = identity.identity(fixed)
    monkeypatch.setattr(catalog, "default_dtype", lambda device: "bfloat16")
    assert identity.identity(fixed) == before
    assert before["dtype"] == "float32"


def test_every_seed_is_another_identity(folder):
    sampled = entry(folder, decoding=Decoding(temperature=0.7, seed=5), sampling_seeds=3)
    seeds = [identity.identity(sampled.seeded(number))["decoding"]["seed"] for number in range(3)]
    assert seeds == [5, 6, 7]
    assert sampled.seeded(0) is sampled


def test_the_sampler_counts_where_there_is_sampling(folder, monkeypatch):
    greedy, sampled = entry(folder), entry(folder, decoding=Decoding(temperature=0.5))
    before = identity.identity(greedy), identity.identity(sampled)
    monkeypatch.setattr(identity, "SAMPLER_VERSION", "next")
    assert identity.identity(greedy) == before[0]
    assert identity.identity(sampled) != before[1]


def test_endpoints_differ_by_url_model_prompt_and_decoding_but_not_by_key_or_patience():
    def endpoint(**settings):
        fields = {"name": "e", "role": "candidate", "kind": "openai", "prompt": "compact", "model": "m", **settings}
        return identity.identity(OpenAIEntry(**{"base_url": "http://127.0.0.1:1/v1", **fields}))

    others: list[dict[str, object]]
    others = [{"base_url": "http://127.0.0.1:2/v1"}, {"model": "n"}, {"prompt": "few_shot"}, {"decoding": Decoding(seed=1)}]
    assert len({json.dumps(endpoint(**other)) for other in [{}, *others]}) == 5
    assert endpoint(api_key_env="MY_KEY", timeout=5.0, concurrency=1, name="f") == endpoint()


def test_the_template_is_its_source(monkeypatch):
    floor = TemplateEntry(name="floor", kind="template", role="reference")
    before = identity.identity(floor)
    monkeypatch.setattr("models.template.identity", lambda: "edited")
    assert identity.identity(floor) != before


@pytest.fixture
def hashed(monkeypatch):
    """The names of the files that were really read."""
    names: list[str] = []

    def noted(path):
        names.append(path.name)
        return embedded.file_sha256(path)

    monkeypatch.setattr(identity, "file_sha256", noted)
    return names


def test_a_large_file_is_hashed_once_until_it_changes(folder, hashed):
    large = folder / "base" / "model.safetensors"
    large.write_bytes(b"a" * (1 << 20))
    first = identity.identity(entry(folder))
    assert "model.safetensors" in hashed
    hashed.clear()
    assert identity.identity(entry(folder)) == first
    assert "model.safetensors" not in hashed
    assert "config.json" in hashed, "small files are always read"
    status = large.stat()
    large.write_bytes(b"b" * (1 << 20))  # of the same size
    os.utime(large, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    second = identity.identity(entry(folder))
    assert second["weights"] != first["weights"]
    large.write_bytes(b"b" * (1 << 20) + b"c")
    os.utime(large, ns=(status.st_atime_ns, status.st_mtime_ns + 1))  # of the same time
    assert identity.identity(entry(folder))["weights"] not in {first["weights"], second["weights"]}


@pytest.mark.parametrize("text", ["", "{", '{"a": "b"}', "[]", "3"])
def test_a_damaged_memory_of_hashes_is_no_obstacle(folder, hashed, text):
    large = folder / "base" / "model.safetensors"
    large.write_bytes(b"a" * (1 << 20))
    expected = identity.identity(entry(folder))
    (folder / "cache" / "sha256.json").write_text(text)
    assert identity.identity(entry(folder)) == expected
    hashed.clear()
    assert identity.identity(entry(folder)) == expected
    assert "model.safetensors" not in hashed


def test_no_torch_is_loaded(folder):
    code = (
        "import sys; from models.catalog import TransformersEntry; from models.identity import identity;"
        f"identity(TransformersEntry(**{entry(folder).model_dump(mode='json')!r})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
