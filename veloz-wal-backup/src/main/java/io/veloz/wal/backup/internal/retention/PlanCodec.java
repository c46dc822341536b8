package io.veloz.wal.backup.internal.retention;

import com.fasterxml.jackson.core.JsonGenerator;
import io.veloz.wal.backup.RetentionPlan;
import io.veloz.wal.backup.RetentionPlan.Cause;
import io.veloz.wal.backup.RetentionPlan.Item;
import io.veloz.wal.backup.RetentionPlan.Keep;
import io.veloz.wal.backup.internal.store.Digests;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a retention plan: one line with a JSON object, and one with the SHA-256 of the first line without its end.
 * Successive points with the same value are written as a range. Stateless.
 */
final class PlanCodec {
    /** A plan of 50,000 chunks has some 11 MB. */
    static final int MAX_BYTES = 32 * 1024 * 1024;

    private static final int FORMAT = 1;
    private static final int DIGEST_LINE_BYTES = 65;

    private PlanCodec() {}

    // ---- write

    static byte[] encode(RetentionPlan plan) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonTree.JSON.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeNumberField("format", FORMAT);
            json.writeNumberField("number", plan.number());
            json.writeStringField("log", plan.logId());
            json.writeStringField("made", plan.made().toString());
            json.writeNumberField("newestPoint", plan.newestPoint());
            json.writeStringField("newestSha256", plan.newestSha256());
            json.writeArrayFieldStart("kept");
            for (Run<Set<Keep>> run : runs(plan.kept())) {
                writeRun(json, run);
                writeTexts(
                        json, "why", run.value().stream().map(PlanCodec::label).toList());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeArrayFieldStart("dropped");
            for (Run<Long> run : runs(plan.dropped())) {
                writeRun(json, run);
                json.writeNumberField("plan", run.value());
                json.writeEndObject();
            }
            json.writeEndArray();
            writeItems(json, plan.items());
            writeTexts(json, "findings", plan.findings());
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("in memory", e);
        }
        String digest = Digests.of(bytes.toByteArray());
        bytes.writeBytes(("\n" + digest + "\n").getBytes(StandardCharsets.US_ASCII));
        return bytes.toByteArray();
    }

    private static void writeRun(JsonGenerator json, Run<?> run) throws IOException {
        json.writeStartObject();
        json.writeNumberField("from", run.from());
        json.writeNumberField("to", run.to());
    }

    private static void writeItems(JsonGenerator json, List<Item> items) throws IOException {
        json.writeArrayFieldStart("items");
        for (Item item : items) {
            json.writeStartObject();
            json.writeStringField("key", item.key());
            json.writeNumberField("bytes", item.bytes());
            json.writeStringField("cause", label(item.cause()));
            json.writeNumberField("since", item.since());
            json.writeStringField("notBefore", item.notBefore().toString());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeTexts(JsonGenerator json, String name, List<String> texts) throws IOException {
        json.writeArrayFieldStart(name);
        for (String text : texts) {
            json.writeString(text);
        }
        json.writeEndArray();
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Successive numbers with the same value. */
    private record Run<V>(long from, long to, V value) {}

    private static <V> List<Run<V>> runs(NavigableMap<Long, V> values) {
        List<Run<V>> runs = new ArrayList<>();
        for (Map.Entry<Long, V> entry : values.entrySet()) {
            @Nullable Run<V> last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            if (last != null && last.to() + 1 == entry.getKey() && last.value().equals(entry.getValue())) {
                runs.set(runs.size() - 1, new Run<>(last.from(), entry.getKey(), last.value()));
            } else {
                runs.add(new Run<>(entry.getKey(), entry.getKey(), entry.getValue()));
            }
        }
        return runs;
    }

    // ---- read

    /**
     * Returns the plan that the bytes contain.
     *
     * @throws IllegalArgumentException if the bytes are not a retention plan of a format that this version knows
     */
    static RetentionPlan decode(byte[] bytes) {
        int end = bytes.length - DIGEST_LINE_BYTES - 1;
        if (end < 2 || bytes[end] != '\n' || bytes[bytes.length - 1] != '\n') {
            throw new IllegalArgumentException("is not a retention plan");
        }
        String stored = new String(bytes, end + 1, DIGEST_LINE_BYTES - 1, StandardCharsets.US_ASCII);
        String computed = Digests.of(Arrays.copyOf(bytes, end));
        if (!stored.equals(computed)) {
            throw new IllegalArgumentException("SHA-256 mismatch: stored " + stored + ", computed " + computed);
        }
        try {
            return plan(JsonTree.parse(bytes, 0, end));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static RetentionPlan plan(JsonTree json) {
        if (json.number("format", 0) != FORMAT) {
            throw new IllegalArgumentException(
                    "has format " + json.number("format", 0) + "; this version knows " + FORMAT + ": use a newer one");
        }
        long newest = json.number("newestPoint", 1);
        NavigableMap<Long, Set<Keep>> kept = new TreeMap<>();
        for (JsonTree run : json.objects("kept")) {
            Set<Keep> why = EnumSet.noneOf(Keep.class);
            run.texts("why").forEach(text -> why.add(Keep.valueOf(text.toUpperCase(Locale.ROOT))));
            spread(run, newest, why, kept);
        }
        NavigableMap<Long, Long> dropped = new TreeMap<>();
        for (JsonTree run : json.objects("dropped")) {
            spread(run, newest, run.number("plan", 1), dropped);
        }
        List<Item> items = new ArrayList<>();
        for (JsonTree item : json.objects("items")) {
            items.add(item(item));
        }
        return new RetentionPlan(
                json.number("number", 1),
                json.text("log"),
                Instant.parse(json.text("made")),
                newest,
                json.text("newestSha256"),
                kept,
                dropped,
                items,
                json.texts("findings"));
    }

    private static Item item(JsonTree json) {
        String key = json.text("key");
        if (!ChunkListing.isChunk(key)) {
            throw new IllegalArgumentException("names \"" + key + "\", which is not a chunk of an attachment");
        }
        return new Item(
                key,
                json.number("bytes", 0),
                Cause.valueOf(json.text("cause").toUpperCase(Locale.ROOT)),
                json.number("since", 1),
                Instant.parse(json.text("notBefore")));
    }

    private static <V> void spread(JsonTree run, long newest, V value, NavigableMap<Long, V> values) {
        long to = run.number("to", run.number("from", 1));
        if (to > newest) {
            throw new IllegalArgumentException("names point " + to + "; the newest is " + newest);
        }
        for (long point = run.number("from", 1); point <= to; point++) {
            values.put(point, value);
        }
    }
}
