package io.veloz.wal.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the file into which backup jobs write their metrics ({@code --metrics-file}), in the text format of Prometheus. A
 * file with any line that is not valid is rejected as a whole: a value that was misread would hide a missing backup.
 * Thread-safe.
 *
 * <p>The jobs replace the file with a rename, so a reader never sees a part of it.
 */
final class BackupMetricsFile {
    private static final int MAX_BYTES = 256 * 1024;
    private static final int MAX_SAMPLES = 1000;

    private static final Pattern SAMPLE =
            Pattern.compile("([a-z][a-z0-9_]*)(?:\\{(.*)})? +([-+0-9.eE]{1,32}|NaN|[-+]?Inf)");
    private static final Pattern LABEL =
            Pattern.compile("([a-z][a-z0-9_]*)=\"((?:[^\"\\\\\\p{Cntrl}]|\\\\[\\\\\"n])*)\"(,|$)");

    private final Path file;

    BackupMetricsFile(Path file) {
        this.file = file;
    }

    Path path() {
        return file;
    }

    /** The file cannot be used now. The message has the file, the line and the cause. */
    static final class UnreadableException extends Exception {
        UnreadableException(String message) {
            super(message);
        }
    }

    BackupMetrics read() throws UnreadableException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                // Reading a pipe would block.
                throw new UnreadableException(file + " is not a regular file");
            }
            List<BackupMetrics.Sample> samples = parse(readBounded());
            return new BackupMetrics(samples, attributes.lastModifiedTime().toInstant());
        } catch (NoSuchFileException e) {
            throw new UnreadableException(file + " does not exist: no backup job has written it");
        } catch (IOException e) {
            throw new UnreadableException(file + " cannot be read: " + e);
        }
    }

    private String readBounded() throws IOException, UnreadableException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        }
        if (bytes.length > MAX_BYTES) {
            throw new UnreadableException(file + " is larger than expected: at most " + MAX_BYTES + " bytes");
        }
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    private List<BackupMetrics.Sample> parse(String text) throws UnreadableException {
        if (!text.endsWith("\n")) {
            throw new UnreadableException(file + " does not end with a line end: it is empty or was cut");
        }
        List<BackupMetrics.Sample> samples = new ArrayList<>();
        Set<Map.Entry<String, Map<String, String>>> seen = new HashSet<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            BackupMetrics.Sample sample = sample(line, number);
            if (!seen.add(Map.entry(sample.name(), sample.labels()))) {
                throw invalid(number, "a second value of " + sample.name() + sample.labels());
            }
            samples.add(sample);
            if (samples.size() > MAX_SAMPLES) {
                throw invalid(number, "too many values: expected at most " + MAX_SAMPLES);
            }
        }
        return samples;
    }

    private BackupMetrics.Sample sample(String line, int number) throws UnreadableException {
        Matcher matcher = SAMPLE.matcher(line);
        if (!matcher.matches()) {
            throw invalid(number, "expected NAME{LABEL=\"VALUE\"} NUMBER");
        }
        String name = matcher.group(1);
        if (!name.startsWith(BackupMetrics.PREFIX)) {
            throw invalid(number, "unexpected metric " + name + ": expected " + BackupMetrics.PREFIX + "…");
        }
        Map<String, String> labels = labels(matcher.group(2), number);
        checkLabels(name, labels, number);
        return new BackupMetrics.Sample(name, labels, value(matcher.group(3), number));
    }

    private void checkLabels(String name, Map<String, String> labels, int number) throws UnreadableException {
        BackupMetrics.Known known = BackupMetrics.KNOWN.get(name);
        if (known == null) {
            // Written by a later version of the backup jobs.
            return;
        }
        if (!labels.keySet().equals(known.labels())) {
            throw invalid(number, name + " has the labels " + labels.keySet() + ", expected " + known.labels());
        }
        String kind = labels.get("kind");
        if (kind != null && !BackupMetrics.KINDS.contains(kind)) {
            throw invalid(number, "unknown kind " + kind + ": expected one of " + BackupMetrics.KINDS);
        }
    }

    private Map<String, String> labels(@Nullable String text, int number) throws UnreadableException {
        Map<String, String> labels = new LinkedHashMap<>();
        if (text == null || text.isEmpty()) {
            return labels;
        }
        Matcher matcher = LABEL.matcher(text);
        int at = 0;
        while (at < text.length()) {
            if (!matcher.find(at) || matcher.start() != at) {
                throw invalid(number, "invalid labels");
            }
            if (labels.put(matcher.group(1), unescaped(matcher.group(2))) != null) {
                throw invalid(number, "the label " + matcher.group(1) + " occurs twice");
            }
            at = matcher.end();
        }
        return labels;
    }

    private static String unescaped(String value) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\\') {
                i++;
                char escape = value.charAt(i);
                text.append(escape == 'n' ? '\n' : escape);
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }

    private double value(String text, int number) throws UnreadableException {
        if (text.endsWith("Inf")) {
            return text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw invalid(number, "invalid number " + text);
        }
    }

    private UnreadableException invalid(int line, String reason) {
        return new UnreadableException(file + " line " + line + ": " + reason);
    }
}
