package io.veloz.wal.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** Rows as comma-separated values (RFC 4180). */
final class Csv {
    private static final String HEADER = "round,workload,log,metric,value";
    private static final int FIELDS = 5;

    private Csv() {}

    /** Replaces a file in one step, so that a run that is killed leaves either the old rows or the new ones. */
    static void write(Path file, List<Row> rows) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".tmp");
        Files.writeString(unfinished, format(rows));
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    static List<Row> read(Path file) throws IOException {
        try {
            return parse(Files.readString(file));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    static String format(List<Row> rows) {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        for (Row row : rows) {
            text.append(row.round())
                    .append(',')
                    .append(quote(row.workload()))
                    .append(',')
                    .append(quote(row.log()))
                    .append(',')
                    .append(quote(row.metric()))
                    .append(',')
                    .append(quote(row.value()))
                    .append('\n');
        }
        return text.toString();
    }

    private static String quote(String field) {
        boolean plain = field.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain ? field : '"' + field.replace("\"", "\"\"") + '"';
    }

    static List<Row> parse(String text) {
        List<List<String>> records = records(text);
        if (records.isEmpty() || !String.join(",", records.get(0)).equals(HEADER)) {
            throw new IllegalArgumentException("line 1: expected " + HEADER);
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 1; i < records.size(); i++) {
            List<String> fields = records.get(i);
            if (fields.size() != FIELDS || !fields.get(0).matches("[0-9]{1,6}")) {
                throw new IllegalArgumentException(
                        "record " + i + ": got " + fields + ", expected a round and " + (FIELDS - 1) + " fields");
            }
            rows.add(new Row(
                    Integer.parseInt(fields.get(0)), fields.get(1), fields.get(2), fields.get(3), fields.get(4)));
        }
        return rows;
    }

    private static List<List<String>> records(String text) {
        List<List<String>> records = new ArrayList<>();
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                boolean escaped = c == '"' && i + 1 < text.length() && text.charAt(i + 1) == '"';
                if (c == '"' && !escaped) {
                    quoted = false;
                } else {
                    field.append(c);
                    i += escaped ? 1 : 0;
                }
            } else if (c == '"') {
                quoted = true;
            } else if (c == ',' || c == '\n') {
                fields.add(field.toString());
                field.setLength(0);
                if (c == '\n') {
                    records.add(fields);
                    fields = new ArrayList<>();
                }
            } else if (c != '\r') {
                field.append(c);
            }
        }
        if (quoted || field.length() > 0 || !fields.isEmpty()) {
            throw new IllegalArgumentException("the last line is incomplete");
        }
        return records;
    }
}
