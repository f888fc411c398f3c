from __future__ import annotations

from pathlib import Path

from cli.up.demo import enter, take_folder


def test_a_second_demo_beside_the_first_has_a_folder_of_its_own(tmp_path: Path) -> None:
    first, second = take_folder(tmp_path), take_folder(tmp_path)
    assert (first.root, second.root) == (tmp_path / ".demo", tmp_path / ".demo-2")
    first.lock.close()
    again = take_folder(tmp_path)
    assert again.root == tmp_path / ".demo"
    for folder in (again, second):
        folder.lock.close()


def test_nothing_of_the_operators_own_reaches_a_demo(tmp_path: Path) -> None:
    folder = take_folder(tmp_path)
    environment = {
        "CHATGPT_ACCOUNTS_DIR": "/secrets/accounts",
        "CHATGPT_ACCOUNT": "me",
        "CHATGPT_ACCOUNTS": "me,you",
        "CHATGPT_SECRETS_PASSPHRASE": "words",
        "CHATGPT_DATABASE_URL": "sqlite:////data/bridge.sqlite",
        "CHATGPT_ADMIN_DB_PATH": "/data/bridge.sqlite",
        "CHATGPT_IMAGE_OUTPUT_DIR": "/data/images",
        "CHATGPT_PUBLIC_BASE_URL": "https://bridge.example/v1",
        "CHATGPT_API_PORT": "9000",
        "PATH": "/bin",
    }
    enter(folder, environment)
    queue = environment.pop("CHATGPT_TEMPORAL_TASK_QUEUE")
    assert queue.startswith("chatgpt-bridge-demo-")
    assert environment == {
        "CHATGPT_DATA_DIR": str(tmp_path / ".demo" / "data"),
        "CHATGPT_ACCOUNTS_DIR": str(tmp_path / ".demo" / "accounts"),
        "CHATGPT_API_PORT": "9000",
        "PATH": "/bin",
    }
    folder.lock.close()


def test_two_demos_have_task_queues_of_their_own_that_stay(tmp_path: Path) -> None:
    def queue(base: Path) -> str:
        folder = take_folder(base)
        environment: dict[str, str] = {}
        enter(folder, environment)
        folder.lock.close()
        return environment["CHATGPT_TEMPORAL_TASK_QUEUE"]

    (tmp_path / "other").mkdir()
    assert queue(tmp_path) == queue(tmp_path) != queue(tmp_path / "other")
