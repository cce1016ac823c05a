"""What the formats of Moodle's world have in common: texts, grades, files, cloze, responses."""
