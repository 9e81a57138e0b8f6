"""A desktop of its own: write a note in the editor, save it, read it in the shell, take a picture."""

import asyncio

import harness


async def main() -> None:
    async with harness.sandbox() as desktop:
        await desktop.launch("mousepad", "note.txt")
        await desktop.wait_for_window("note.txt")
        await desktop.type("Hello from the sandbox.\n")
        await desktop.press("ctrl+s")
        print((await desktop.bash("cat note.txt")).output)
        (await desktop.screenshot()).save("desktop.png")


if __name__ == "__main__":
    asyncio.run(main())
