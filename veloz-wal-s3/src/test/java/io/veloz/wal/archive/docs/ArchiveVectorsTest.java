package io.veloz.wal.archive.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The test vectors of docs/archive.md are what the library writes, and reads. */
class ArchiveVectorsTest {
    private static final Path PAGE =
            Path.of("").toAbsolutePath().getParent().resolve("docs").resolve("archive.md");

    private static final LogIdentity IDENTITY =
            new LogIdentity("0123456789abcdef0123456789abcdef", "orders", Instant.parse("2026-11-22T10:00:00Z"), 1, 1);
    private static final byte[] CONTENT =
            "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz".getBytes(StandardCharsets.US_ASCII);

    private static String page;

    @BeforeAll
    static void read() throws IOException {
        page = Files.readString(PAGE);
    }

    /** The fenced block after the comment that names a vector. */
    private static String vector(String name) {
        Matcher found = Pattern.compile(
                        "<!-- vector " + Pattern.quote(name) + " -->\\s*```\\w*\\n(.*?)\\n```", Pattern.DOTALL)
                .matcher(page);
        assertThat(found.find()).as(name).isTrue();
        return found.group(1);
    }

    private static byte[] bytes(String name) {
        return HexFormat.of().parseHex(vector(name).replaceAll("\\s", ""));
    }

    private static Slot epoch() {
        return slot(1, Digest.NONE, SlotRef.NONE, Archived.NOTHING, new Epoch(IDENTITY.text()));
    }

    private static Slot tail() {
        String first = Digest.of(SlotCodec.encode(epoch()));
        return slot(
                2,
                first,
                new SlotRef(1, first),
                new Archived(1, CONTENT.length, 3),
                new Tail(1, 0, CONTENT.length, 1, 3, Digest.of(CONTENT)));
    }

    private static Slot slot(long number, String previous, SlotRef kept, Archived archived, Slot.Part part) {
        return new Slot(
                IDENTITY.logId(),
                IDENTITY.origin(),
                number,
                1,
                "fedcba9876543210fedcba9876543210",
                "engine-1",
                Instant.parse("2026-11-22T10:00:01Z"),
                previous,
                kept,
                archived,
                part);
    }

    @Test
    void logJsonIsWhatThePageShows() throws IOException {
        byte[] object = vector("log.json").getBytes(StandardCharsets.UTF_8);
        assertThat(object).isEqualTo(IDENTITY.encode());
        assertThat(LogIdentity.decode("log.json", object)).isEqualTo(IDENTITY);
        assertThat(vector("log.json SHA-256")).isEqualTo(IDENTITY.origin());
    }

    @Test
    void firstSlotIsWhatThePageShows() throws IOException {
        byte[] object = bytes(ArchiveKeys.slot(1));
        assertThat(object).isEqualTo(SlotCodec.encode(epoch()));
        assertThat(SlotCodec.decode("page", 1, object).slot()).isEqualTo(epoch());
        assertThat(vector(ArchiveKeys.slot(1) + " SHA-256")).isEqualTo(Digest.of(object));
    }

    @Test
    void tailIsWhatThePageShows() throws IOException {
        byte[] object = bytes(ArchiveKeys.slot(2));
        assertThat(object).isEqualTo(SlotCodec.encode(tail(), CONTENT));
        SlotCodec.Decoded decoded = SlotCodec.decode("page", 2, object);
        assertThat(decoded.slot()).isEqualTo(tail());
        assertThat(new String(decoded.content(), StandardCharsets.US_ASCII)).isEqualTo(vector("content"));
        assertThat(vector(ArchiveKeys.slot(2) + " SHA-256")).isEqualTo(Digest.of(object));
    }
}
