"""What is left of a run: a folder with its events, frames and files, and a report to open by double click."""
