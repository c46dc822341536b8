package io.veloz.wal.bench.compare;

import java.util.List;
import java.util.stream.Collectors;

/** A document in Markdown that is written from the top to the bottom. */
final class Markdown {
    private final StringBuilder text = new StringBuilder();

    Markdown heading(String title) {
        text.append("### ").append(title).append("\n\n");
        return this;
    }

    Markdown paragraph(String content) {
        text.append(content.strip()).append("\n\n");
        return this;
    }

    Markdown list(List<String> items) {
        items.forEach(item -> text.append("- ").append(item).append('\n'));
        text.append('\n');
        return this;
    }

    /** Appends a table; rows have as many cells as the header. */
    Markdown table(List<String> header, List<List<String>> rows) {
        line(header);
        text.append("|---".repeat(header.size())).append("|\n");
        rows.forEach(this::line);
        text.append('\n');
        return this;
    }

    private void line(List<String> cells) {
        text.append(cells.stream()
                .map(cell -> cell.replace("|", "\\|").replaceAll("\\s+", " ").strip())
                .collect(Collectors.joining(" | ", "| ", " |\n")));
    }

    @Override
    public String toString() {
        return text.toString().strip() + "\n";
    }
}
