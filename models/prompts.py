"""Prompts: YAML files of chat messages, rendered with Jinja2.

One real example, models/prompts/compact.yaml:

    messages:
      - role: user
        content: "Name this business. ...\\nBusiness: {{ description }}"

Only the file is a template: a description is a value, so `{{ 7*7 }}`, `{description}` or `%s` inside it stay inert text.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.errors import PromptError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FOLDER = Path(__file__).with_name("prompts")
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)

Messages = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named sequence of (role, Jinja2 template) messages; `sha256` identifies its file."""

    name: str
    messages: tuple[tuple[str, str], ...]
    sha256: str

    def render(self, description: str) -> Messages:
        """Fill `description` in and return chat messages."""
        try:
            return [
                {"role": role, "content": _ENVIRONMENT.from_string(template).render(description=description).strip()}
                for role, template in self.messages
            ]
        except TemplateError as error:
            raise PromptError(f"prompt {self.name!r}: {error}") from error

    def token_ids(self, tokenizer: "PreTrainedTokenizerBase", description: str) -> list[int]:
        """Render through the model's chat template, up to where its answer begins; the same for training and for asking."""
        text = tokenizer.apply_chat_template(self.render(description), tokenize=False, add_generation_prompt=True)
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])


@lru_cache
def load_prompt(name: str, folder: Path = FOLDER) -> Prompt:
    """Read `folder`/`name`.yaml; PromptError where it is missing or not a list of role/content messages."""
    path = folder / f"{name}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
        messages = yaml.safe_load(text)["messages"]
        pairs = tuple((message["role"], message["content"]) for message in messages)
        if not all(isinstance(part, str) for pair in pairs for part in pair):
            raise TypeError("a role or content is not a text")
        used = {name for _, content in pairs for name in meta.find_undeclared_variables(_ENVIRONMENT.parse(content))}
    except OSError as error:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise PromptError(f"no prompt {name!r} in {folder}; there are: {known}") from error
    except (yaml.YAMLError, TemplateError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise PromptError(f"{path}: expected `messages:`, a list of role and content ({error})") from error
    if "description" not in used:
        raise PromptError(f"{path}: no message uses {{{{ description }}}}")
    return Prompt(name, pairs, hashlib.sha256(text.encode()).hexdigest())
