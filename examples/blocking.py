"""The same as desktop.py, in code that blocks."""

from harness.sync_api import sandbox


def main() -> None:
    with sandbox() as desktop:
        desktop.launch("mousepad", "note.txt")
        desktop.wait_for_window("note.txt")
        desktop.type("Hello from the sandbox.\n")
        desktop.press("ctrl+s")
        print(desktop.bash("cat note.txt").output)
        desktop.screenshot().save("desktop.png")


if __name__ == "__main__":
    main()
