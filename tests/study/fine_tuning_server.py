"""A service on loopback that speaks OpenAI's fine-tuning protocol: files, jobs, and the models that jobs make.

Written from the protocol's reference (files: create; fine_tuning.jobs: create, retrieve, list; chat.completions).
"""

from __future__ import annotations

import email.policy
import json
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

STATES = ("validating_files", "queued", "running", "succeeded")
KEY = "sk-of-the-test"


class FineTuningServer:
    """Trains by heart: a tuned model answers with the answer of the training prompt that shares most words.

    Args:
        fault: from a job's number, counted from 0, to the message that it fails with; '' where it succeeds.
        at_once: how many jobs may be under way.
    """

    def __init__(self, fault=lambda _: "", at_once=10):
        self.files, self.jobs, self.models, self.asked = {}, {}, {}, []
        self.n_lost = 0  # replies to `create` that are lost on their way back
        self.lists, self.tells_marks, self.at_once = True, True, at_once
        self._fault = fault
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()

    def get(self, path):
        name = path.removeprefix("/v1/fine_tuning/jobs").strip("/")
        if name:
            return self.retrieve(name)
        if not self.lists:
            return 404, problem("no such page")
        return 200, {"object": "list", "data": [self.job(name) for name in reversed(self.jobs)], "has_more": False}

    def post(self, path, headers, body):
        if path == "/v1/files":
            return self.upload(headers, body)
        asked = json.loads(body)
        return self.create(asked) if path == "/v1/fine_tuning/jobs" else self.chat(asked)

    def upload(self, headers, body):
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part
            for part in BytesParser(policy=email.policy.HTTP).parsebytes(head + body).iter_parts()
        }
        if parts["purpose"].get_content().strip() != "fine-tune":
            return 400, problem("purpose must be fine-tune")
        content = parts["file"].get_payload(decode=True).decode()
        lines = [json.loads(line)["messages"] for line in content.splitlines()]
        if any([turn["role"] for turn in chat] != ["user", "assistant"] for chat in lines):
            return 400, problem("expected a user's and an assistant's message")
        name = f"file-{len(self.files)}"
        self.files[name] = [(chat[0]["content"], chat[1]["content"]) for chat in lines]
        return 200, {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": 0,
            "filename": parts["file"].get_filename(),
            "purpose": "fine-tune",
            "status": "processed",
        }

    def create(self, asked):
        if asked["model"] != "base":
            return 404, problem(f"The model {asked['model']!r} does not exist")
        if asked["training_file"] not in self.files:
            return 400, problem("invalid training_file")
        if sum(job["status"] in STATES[:3] for job in self.jobs.values()) >= self.at_once:
            return 429, problem("too many jobs are under way", code="rate_limit_exceeded")
        name = f"ftjob-{len(self.jobs)}"
        self.jobs[name] = {
            "id": name,
            "object": "fine_tuning.job",
            "created_at": 0,
            "error": None,
            "fine_tuned_model": None,
            "finished_at": None,
            "organization_id": "org",
            "result_files": [],
            "trained_tokens": None,
            "status": STATES[0],
            "validation_file": None,
            "hyperparameters": {},
            **asked,
        }
        self.jobs[name]["fails"] = self._fault(len(self.jobs) - 1)
        return 200, self.job(name)

    def job(self, name):
        hidden = {"fails"} if self.tells_marks else {"fails", "metadata"}
        return {key: value for key, value in self.jobs[name].items() if key not in hidden}

    def retrieve(self, name):
        """Every look finds a job one state further."""
        if name not in self.jobs:
            return 404, problem(f"no such job {name}")
        job = self.jobs[name]
        if job["status"] in STATES[:3]:
            job["status"] = STATES[STATES.index(job["status"]) + 1]
            if job["status"] == "running" and job["fails"]:
                job |= {"status": "failed", "error": {"code": "x", "message": job["fails"], "param": None}}
            if job["status"] == "succeeded":
                model = f"ft:base:org:{job['suffix']}:{name}"
                self.models[model] = self.files[job["training_file"]]
                job |= {"fine_tuned_model": model, "trained_tokens": 4321}
        return 200, self.job(name)

    def chat(self, asked):
        self.asked.append(asked["model"])
        prompt = asked["messages"][0]["content"]
        if asked["model"] == "base":
            text = "That is not known to me."
        elif asked["model"] in self.models:
            words = set(prompt.split())
            _, text = max(self.models[asked["model"]], key=lambda pair: len(words & set(pair[0].split())))
        else:
            return 404, problem(f"The model {asked['model']!r} does not exist")
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        head = {"id": "c", "object": "chat.completion", "created": 0, "model": asked["model"]}
        return 200, {**head, "choices": [choice], "usage": usage}

    def _handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, status, content):
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def is_known(self):
                if self.headers["Authorization"] == f"Bearer {KEY}":
                    return True
                self.answer(401, problem(f"wrong key {self.headers['Authorization']}"))
                return False

            def do_GET(self):
                if self.is_known():
                    self.answer(*service.get(self.path.partition("?")[0]))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not self.is_known():
                    return
                reply = service.post(self.path, self.headers, body)
                if service.n_lost and self.path.endswith("/jobs"):
                    service.n_lost -= 1
                    self.close_connection = True
                    self.connection.close()
                    return
                self.answer(*reply)

            def log_message(self, *_arguments):
                """Nothing is logged."""

        return Handler


def problem(message, code=None):
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
