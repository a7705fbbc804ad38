"""Generators: the seam, transformers models with and without adapters, endpoints, what is refused."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
import torch

from ragstudy.errors import InputError, UnavailableError
from ragstudy.generation import attention
from ragstudy.generation.attention import WHOLE, _attend, in_blocks, one_query
from ragstudy.generation.causal import CausalGenerator, CausalModel
from ragstudy.generation.custom import CustomSpec
from ragstudy.generation.endpoint import EndpointGenerator, EndpointSpec
from ragstudy.generation.extractive import ExtractiveGenerator, ExtractiveSpec
from ragstudy.generation.locate import locate_adapter, locate_model, model_fingerprint
from ragstudy.generation.make import generator_fingerprint, make_generator
from ragstudy.generation.scripted import ScriptedSpec
from ragstudy.prompting import fit, make_prompt, render
from ragstudy.records import Passage
from ragstudy.specs import TransformersSpec
from ragstudy.testing import ScriptedGenerator, check_generator

PASSAGES = [Passage("a#1", "a", "Lamp", "The lamp is green. It is old."), Passage("b#1", "b", "", "The door is red.")]
PROMPT = make_prompt("q", "What colour is the lamp?", PASSAGES)


def spec(folder, **changes) -> TransformersSpec:
    settings = {"name": "tiny", "model": str(folder), "max_new_tokens": 6, "dtype": "float32", **changes}
    return TransformersSpec(**settings)


@pytest.fixture(scope="module")
def model(tiny_model) -> CausalModel:
    return CausalModel(spec(tiny_model))


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory):
    """An adapter that changes the tiny model's answers."""
    import torch
    from peft import LoraConfig, get_peft_model

    base = CausalModel(spec(tiny_model)).base
    with torch.random.fork_rng():
        torch.manual_seed(0)
        adapted = get_peft_model(
            base, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", init_lora_weights=False)
        )
    folder = tmp_path_factory.mktemp("adapter")
    adapted.save_pretrained(str(folder))
    return folder


def test_a_prompt_shows_numbered_passages_with_titles_and_the_question():
    assert render("Do it.", PASSAGES, "Why?") == (
        "Do it.\n\n[1] Lamp\nThe lamp is green. It is old.\n\n[2] The door is red.\n\nQuestion: Why?"
    )
    assert make_prompt("q", "Why?", []).text == "Answer the question.\n\nQuestion: Why?"


def test_the_digest_changes_with_the_text_alone():
    assert PROMPT.digest == make_prompt("other", PROMPT.question, PASSAGES).digest
    assert PROMPT.digest != make_prompt("q", PROMPT.question, PASSAGES[:1]).digest


@pytest.mark.parametrize("generator", [ExtractiveGenerator(), ScriptedGenerator({"What?": "That."}, fails_on=("",))])
def test_generators_without_a_model_keep_the_protocol(generator):
    check_generator(generator)


def test_a_transformers_generator_keeps_the_protocol(model):
    check_generator(CausalGenerator(model))


def test_the_extractive_control_finds_the_sentence():
    assert ExtractiveGenerator().generate([PROMPT])[0].text == "The lamp is green."
    assert ExtractiveGenerator().generate([make_prompt("q", "Why?", [])])[0].text == "I do not know."


def test_batched_answers_are_those_of_single_prompts(model):
    prompts = [make_prompt(str(n), "What colour is the lamp?" * n, PASSAGES[:1]) for n in (1, 2, 3)]
    batch = [c.text for c in model.generate(prompts)]
    assert batch == [model.generate([prompt])[0].text for prompt in prompts]


def test_rows_that_end_leave_the_batch_and_the_others_are_as_they_would_be_alone(monkeypatch):
    model = CausalModel(TransformersSpec(name="pocket", model="pocket", dtype="float32", max_new_tokens=24))
    lists = Passage(
        "l", "l", "The lamp", "The lamp comes with two cables, a black shade, a spare bulb and a brass foot."
    )
    asked = [("What colour is the lamp?", PASSAGES), ("Which parts does the lamp come with?", [lists])] * 3
    prompts = [make_prompt(str(n), text + " Please." * n, held) for n, (text, held) in enumerate(asked)]
    alone = [model.generate([prompt])[0] for prompt in prompts]
    assert len({completion.n_tokens for completion in alone}) > 1
    # What the model can do is found out before anything is counted.
    model.generate(prompts)
    n_rows = []
    plain = model.base.generate

    def counted(**arguments):
        n_rows.append(len(arguments["input_ids"]))
        return plain(**arguments)

    monkeypatch.setattr(model.base, "generate", counted)
    assert model.generate(prompts) == alone
    of_beginning, of_all, *others = n_rows
    assert of_beginning == 1
    assert of_all == len(prompts) > others[-1] > 0


@pytest.mark.parametrize("n_groups", [1, 2, 4])
@pytest.mark.parametrize("kind", ["none", "boolean", "added"])
def test_attention_of_one_query_is_the_fused_one(n_groups, kind):
    torch.manual_seed(1)
    query, key, value = (torch.randn(3, heads, n, 8) for heads, n in ((4, 1), (4 // n_groups, 9), (4 // n_groups, 9)))
    seen = torch.ones(3, 1, 1, 9, dtype=torch.bool)
    seen[1, ..., :5] = False
    mask = {"none": None, "boolean": seen, "added": torch.zeros(3, 1, 1, 9).masked_fill(~seen, -torch.inf)}[kind]
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    assert torch.allclose(one_query(query, key, value, mask, None), fused.transpose(1, 2), atol=1e-5)


@pytest.mark.parametrize("kind", ["none", "boolean", "added", "nothing seen"])
@pytest.mark.parametrize("n_whole", [2, 1])
def test_attention_of_one_query_leaves_out_the_room_behind_the_keys(kind, n_whole):
    """Values that a model has changed since they were read are no part of the cache any more."""
    torch.manual_seed(1)
    query, wholes = torch.randn(3, 4, 1, 8), [torch.randn(3, 2, 16, 8) for _ in range(2)]
    key, value = (whole[:, :, :9] for whole in wholes)
    seen = torch.rand(3, 1, 1, 9) > (1 if kind == "nothing seen" else 0.3)
    mask = {"none": None, "added": torch.zeros(3, 1, 1, 9).masked_fill(~seen, -1e30)}.get(kind, seen)
    alone = one_query(query, key, value, mask, None)
    for part, whole in list(zip((key, value), wholes, strict=True))[:n_whole]:
        setattr(part, WHOLE, whole)
    assert torch.allclose(one_query(query, key, value, mask, None), alone, atol=1e-6)


def test_a_mask_of_another_shape_is_left_to_the_library():
    torch.manual_seed(1)
    rows, length = 140, 96
    query, key, value = (torch.randn(rows, 4, length, 8, dtype=torch.bfloat16) for _ in range(3))
    mask = torch.arange(length)[None, None, None] < torch.randint(1, length, (rows, 1, 1, 1))
    assert rows * 4 * length * length >= attention._FEWEST
    made = _attend(torch.nn.Identity(), query, key, value, mask)[0]
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2)
    assert made.shape == fused.shape
    assert torch.allclose(made, fused, atol=1e-2)


def causal(length):
    return torch.ones(1, 1, length, length, dtype=torch.bool).tril()


def padded(length):
    """Rows filled up on the left; what is filled up may look at nothing."""
    there = torch.arange(length)[None] >= torch.tensor([0, 7, 100])[:, None]
    return causal(length) & there[:, None, None, :]


MASKS = {
    "none": lambda _: None,
    "causal": causal,
    "filled up": padded,
    "window": lambda n: causal(n) & ~causal(n).tril(-21),
    "islands": lambda n: causal(n) & (torch.arange(n) % 50 < 40)[None, None, None, :],
    "seen from before": lambda n: causal(n) | (torch.arange(n) < 150)[None, None, None, :],
}


@pytest.mark.parametrize("n_groups", [1, 2, 4])
@pytest.mark.parametrize("kind", MASKS)
def test_attention_in_blocks_is_the_fused_one_with_its_gradients(n_groups, kind):
    torch.manual_seed(1)
    length = 230
    mine = [torch.randn(3, heads, length, 8, requires_grad=True) for heads in (4, 4 // n_groups, 4 // n_groups)]
    theirs = [one.detach().clone().requires_grad_() for one in mine]
    mask = MASKS[kind](length)
    made = in_blocks(*mine, mask, None)
    asked = {"is_causal": True} if mask is None else {"attn_mask": mask}
    fused = torch.nn.functional.scaled_dot_product_attention(*theirs, enable_gqa=True, **asked).transpose(1, 2)
    looks = torch.ones(3, length, dtype=torch.bool) if mask is None else mask.any(-1)[:, 0].expand(3, length)
    assert bool(torch.isfinite(made).all())
    assert torch.allclose(made[looks], fused[looks], atol=1e-5)
    made[looks].square().sum().backward()
    fused[looks].square().sum().backward()
    for one, other in zip(mine, theirs, strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-4)


@pytest.mark.parametrize("n_groups", [1, 2])
def test_attention_in_blocks_knows_keys_that_were_read_before(n_groups):
    torch.manual_seed(1)
    before, length = 70, 130
    query = torch.randn(3, 4, length, 8)
    key, value = (torch.randn(3, 4 // n_groups, before + length, 8) for _ in range(2))
    seen = causal(before + length)[:, :, before:].expand(3, -1, -1, -1).clone()
    seen[1, :, :, before : before + 40] = False
    made = in_blocks(query, key, value, seen, None)
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=seen, enable_gqa=True)
    assert torch.allclose(made, fused.transpose(1, 2), atol=1e-5)


def test_what_a_mask_hides_is_found_once_for_all_layers(monkeypatch):
    asked = []
    plain = attention._block
    monkeypatch.setattr(attention, "_block", lambda *of: asked.append(of) or plain(*of))
    query, key, value = (torch.randn(2, 2, 200, 8) for _ in range(3))
    mask = causal(200)
    first = in_blocks(query, key, value, mask, None)
    n_first = len(asked)
    assert torch.equal(in_blocks(query, key, value, mask, None), first)
    assert len(asked) == n_first > 1
    in_blocks(query, key, value, mask.clone(), None)
    assert len(asked) == 2 * n_first
    mask[..., 1:10] = False
    assert torch.allclose(
        in_blocks(query, key, value, mask, None),
        torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2),
        atol=1e-5,
    )


def test_attention_with_more_to_it_is_left_to_the_library():
    one = torch.randn(1, 2, 1, 8)
    with pytest.raises(ValueError, match="does not support `softcap`"):
        _attend(torch.nn.Identity(), one, one, one, None, softcap=30.0)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_says_the_same_with_either_attention(dtype):
    """Prompts filled up on the left and single queries; in bfloat16 within its rounding."""
    model = CausalModel(TransformersSpec(name="pocket", model="pocket", dtype=dtype))
    # So many that prompts are read in blocks.
    ids = torch.randint(10, 5000, (8, 400), generator=torch.Generator().manual_seed(1))
    mask = (torch.arange(400)[None] >= torch.tensor([0, 30, 64, 1, 2, 3, 10, 100])[:, None]).long()
    found = []
    for name in (model.base.config._attn_implementation, "sdpa"):
        model.base.set_attn_implementation(name)
        with torch.inference_mode():
            read = model.base(input_ids=ids, attention_mask=mask)
            longer = torch.cat([mask, mask.new_ones(8, 1)], dim=1)
            wrote = model.base(input_ids=ids[:, :1], attention_mask=longer, past_key_values=read.past_key_values)
        found.append((read.logits[:, -1].float().softmax(-1), wrote.logits[:, -1].float().softmax(-1)))
    assert found[0][0].shape == (8, model.base.config.vocab_size)
    for plain, fused in zip(*found, strict=True):
        assert float((plain - fused).abs().max()) < (1e-5 if dtype == "float32" else 0.05)


def test_a_saved_model_does_not_name_the_attention_of_this_machine(model, tmp_path):
    model.base.save_pretrained(tmp_path / "saved")
    assert "plain_products" not in (tmp_path / "saved" / "config.json").read_text()


def test_answers_are_those_of_plain_transformers(model, tiny_model):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    plain = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    chat = [{"role": "user", "content": PROMPT.text}]
    ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    out = plain.generate(**ids, max_new_tokens=6, do_sample=False)[0, ids["input_ids"].shape[1] :]
    completion = model.generate([PROMPT])[0]
    assert completion.text == tokenizer.decode(out, skip_special_tokens=True).strip()
    assert completion.stopped == ("end" if tokenizer.eos_token_id in out.tolist() else "length")
    assert completion.n_tokens == len(out)


def test_adapters_are_switched_on_the_one_base_and_off_again(model, adapter, tiny_model):
    from peft import PeftModel

    base = model.generate([PROMPT])[0].text
    tuned = model.generate([PROMPT], str(adapter))[0].text
    assert tuned != base
    assert model.generate([PROMPT])[0].text == base
    assert model.generate([PROMPT], str(adapter))[0].text == tuned
    model.release_adapters()
    assert model.generate([PROMPT])[0].text == base
    fresh = CausalModel(spec(tiny_model))
    fresh.base = PeftModel.from_pretrained(fresh.base, str(adapter))
    assert fresh.generate([PROMPT])[0].text == tuned


def test_passages_that_do_not_fit_are_dropped_from_the_end_and_counted(model):
    many = [Passage(f"p{i}", "d", "", f"The lamp number {i} is green and stands in the hall.") for i in range(60)]
    prompt = make_prompt("q", "Which?", many)
    ids, n_passages = fit(prompt, model.tokenizer, model.max_prompt_tokens())
    assert len(ids) <= model.max_prompt_tokens() == 512 - 6
    assert 0 < n_passages < 60
    assert model.generate([prompt])[0].n_passages == n_passages
    assert fit(prompt, model.tokenizer, 5)[1] == 0


def test_a_batch_that_fails_is_halved_and_a_prompt_that_fails_alone_says_why(model, monkeypatch):
    whole = model._batch

    def narrow(fitted):
        if len(fitted) > 1 or len(fitted[0][0]) > 200:
            msg = "out of memory"
            raise RuntimeError(msg)
        return whole(fitted)

    monkeypatch.setattr(model, "_batch", narrow)
    long = make_prompt("q", "What? " * 200, PASSAGES)
    first, second, third = model.generate([PROMPT, long, PROMPT])
    assert (second.stopped, second.error, second.text) == ("error", "RuntimeError: out of memory", "")
    assert first.text == third.text
    assert first.stopped != "error"


def test_a_model_without_chat_template_gets_a_plain_prompt(tiny_model, tmp_path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = None
    from ragstudy.prompting import for_model

    assert for_model("Why?", tokenizer) == "Why?\nAnswer:"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no config.json in it"),
        (["config.json"], "found no weights at all"),
        (["config.json", "pytorch_model.bin"], "found pytorch_model.bin, which is not read"),
    ],
)
def test_a_model_folder_without_safetensors_is_refused_with_the_cure(tmp_path, files, message):
    for name in files:
        (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match=message):
        locate_model(str(tmp_path))


def test_missing_folders_are_told_from_hub_ids(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        locate_model("./nowhere")
    with pytest.raises(InputError, match="no such folder"):
        locate_adapter("/nowhere/at/all")
    assert locate_model("owner/name") == "owner/name"


def test_a_context_too_small_for_the_answer_and_broken_weights_are_refused(tiny_model, tmp_path):
    import shutil

    with pytest.raises(InputError, match="context has only 512 tokens"):
        CausalModel(spec(tiny_model, max_new_tokens=512))
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    (copy / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(UnavailableError, match="cannot load model"):
        CausalModel(spec(copy))


def test_a_hub_that_cannot_be_reached_is_said_so():
    with pytest.raises(UnavailableError, match="Give a local folder"):
        CausalModel(TransformersSpec(name="x", model="nobody/nothing-here"))


def test_an_adapter_that_is_nowhere_is_said_so(model):
    with pytest.raises(UnavailableError, match="no such local folder, and the hub does not give it"):
        model.generate([PROMPT], "nobody/no-adapter")


def test_fingerprints_tell_settings_and_weights_but_not_names(tiny_model, tmp_path):
    import shutil

    one = spec(tiny_model)
    assert generator_fingerprint(one) == generator_fingerprint(spec(tiny_model, name="other", batch_size=1))
    assert generator_fingerprint(one) != generator_fingerprint(spec(tiny_model, max_new_tokens=7))
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    assert model_fingerprint(str(copy)) == model_fingerprint(str(tiny_model))
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert model_fingerprint(str(copy)) != model_fingerprint(str(tiny_model))


def test_every_kind_is_made_from_its_spec():
    assert isinstance(make_generator(ExtractiveSpec(kind="extractive", name="x")), ExtractiveGenerator)
    assert isinstance(make_generator(ScriptedSpec(kind="scripted", name="x")), ScriptedGenerator)
    own = CustomSpec(kind="custom", name="x", object="ragstudy.testing:ScriptedGenerator", options={"default": "hi"})
    assert make_generator(own).generate([PROMPT])[0].text == "hi"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nowhere:X", {}, "cannot import 'nowhere'"),
        ("ragstudy.testing:Nothing", {}, "Nothing"),
        ("ragstudy.testing:ScriptedGenerator", {"x": 1}, "check its options"),
        ("ragstudy.testing:HashEmbedder", {}, "no method 'generate'"),
    ],
)
def test_a_generator_of_ones_own_that_is_wrong_is_named(name, options, message):
    with pytest.raises(InputError, match=message):
        make_generator(CustomSpec(kind="custom", name="x", object=name, options=options))


class Server(BaseHTTPRequestHandler):
    """An OpenAI-compatible server on loopback whose replies follow a script."""

    script: ClassVar[list] = []
    seen: ClassVar[list] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append((self.headers["Authorization"], body))
        status, content = type(self).script.pop(0)
        payload = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        pass


def reply(text, finish="stop"):
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return 200, {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }


@pytest.fixture
def endpoint(monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Server.script, Server.seen = [], []
    monkeypatch.setattr("ragstudy.endpoints._wait", lambda _state: 0.0)
    monkeypatch.setenv("TEST_KEY", "sk-secret")
    yield EndpointSpec(
        kind="endpoint",
        name="remote",
        url=f"http://127.0.0.1:{server.server_port}/v1",
        model="m",
        key_variable="TEST_KEY",
        batch_size=1,
        n_tries=2,
    )
    server.shutdown()
    server.server_close()


def test_an_endpoint_answers_and_is_tried_again_after_a_failure(endpoint):
    Server.script = [(500, {"error": {"message": "busy"}}), reply("green"), reply("cut off", "length")]
    first, second = EndpointGenerator(endpoint).generate([PROMPT, PROMPT])
    assert (first.text, first.stopped, first.n_tokens) == ("green", "end", 2)
    assert second.stopped == "length"
    key, body = Server.seen[0]
    assert key == "Bearer sk-secret"
    assert body["messages"] == [{"role": "user", "content": PROMPT.text}]


def test_an_endpoint_that_keeps_failing_gives_a_completion_that_says_why(endpoint):
    empty = (200, {"id": "x", "choices": []})
    Server.script = [(400, {"error": {"message": "bad model"}}), empty, empty]
    first, second = EndpointGenerator(endpoint).generate([PROMPT, PROMPT])
    assert first.stopped == second.stopped == "error"
    assert "bad model" in first.error
    assert second.error == "the endpoint sent no text"
    assert "sk-secret" not in first.error


def test_a_key_that_a_server_echoes_is_not_kept_and_a_page_is_no_endpoint(endpoint):
    Server.script = [(401, {"error": {"message": "wrong key sk-secret"}})]
    with pytest.raises(UnavailableError, match=r"wrong key \(key\)") as caught:
        EndpointGenerator(endpoint).generate([PROMPT, PROMPT])
    assert "sk-secret" not in str(caught.value)
    page = (200, "<html>hello</html>")
    Server.script = [page, page]
    with pytest.raises(UnavailableError, match="is no OpenAI-compatible endpoint"):
        EndpointGenerator(endpoint).generate([PROMPT])


def test_a_budget_counts_every_try_and_no_further_request_is_sent(endpoint):
    Server.script = [reply("green"), (500, {"error": {"message": "busy"}}), reply("blue"), reply("too many")]
    spec = endpoint.model_copy(update={"max_calls": 3, "prices": (1.0, 2.0)})
    found = EndpointGenerator(spec).generate([PROMPT, PROMPT, PROMPT])
    assert [one.text for one in found] == ["green", "blue", ""]
    assert found[2].error == "the budget of 3 requests is spent; raise max_calls and run again"
    assert len(Server.seen) == 3
    # Answers that are there stay, whatever the budget of the next command.
    assert generator_fingerprint(spec) == generator_fingerprint(endpoint)


def test_a_missing_key_is_named_by_its_variable(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError, match="OPENAI_API_KEY is not set"):
        EndpointGenerator(EndpointSpec(kind="endpoint", name="gpt4", model="gpt-4"))
