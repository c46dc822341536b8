package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import net.jpountz.lz4.LZ4FrameInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotCodecTest {
    private static final String SHA = "ab".repeat(32);
    private static final byte[] CONTENT = content();
    private static final LogIdentity IDENTITY = new LogIdentity(
            "0123456789abcdef0123456789abcdef", "orders", Instant.parse("2026-11-22T10:00:00Z"), 3, 200);

    private static byte[] content() {
        byte[] bytes = new byte[10_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i / 7);
        }
        return bytes;
    }

    private static Slot slot(Part part) {
        return new Slot(
                IDENTITY.logId(),
                IDENTITY.origin(),
                17,
                3,
                "fedcba9876543210fedcba9876543210",
                "host \"a\"",
                Instant.parse("2026-11-22T10:00:00.123456Z"),
                SHA,
                new SlotRef(12, SHA),
                new Archived(4, 14_096, 1_100),
                part);
    }

    private static Slot tail() {
        return slot(new Slot.Tail(4, 4_096, 14_096, 1_001, 1_100, Digest.of(CONTENT)));
    }

    @Test
    void everyKindRoundTrips() throws IOException {
        for (Part part : new Part[] {
            new Slot.Epoch(IDENTITY.text()),
            new Slot.Segment(4, new StoredFile("segments/x.lz4", 10, SHA, 20, SHA), 15, 1, 9, 9, -5, Long.MAX_VALUE),
            new Slot.Attachment("checkpoint", 0, new StoredFile("attachments/x", 10, SHA, 0, SHA)),
            new Slot.Gap(5, 9, 7, "the spool was full")
        }) {
            byte[] bytes = SlotCodec.encode(slot(part));
            assertThat(SlotCodec.decode("k", 17, bytes).slot()).isEqualTo(slot(part));
        }
        SlotCodec.Decoded tail = SlotCodec.decode("k", 17, SlotCodec.encode(tail(), CONTENT));
        assertThat(tail.slot()).isEqualTo(tail());
        assertThat(tail.content()).isEqualTo(CONTENT);
    }

    @Test
    void oneChangedByteAnywhereIsDetected() throws IOException {
        byte[] good = SlotCodec.encode(tail(), CONTENT);
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 0x10;
            assertThatThrownBy(() -> SlotCodec.decode("k", 17, bad)).isInstanceOf(BadObjectException.class);
        }
    }

    @Test
    void truncatedSlotIsDetected() {
        byte[] good = SlotCodec.encode(tail(), CONTENT);
        for (int length = 0; length < good.length; length++) {
            byte[] bad = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> SlotCodec.decode("k", 17, bad)).isInstanceOf(BadObjectException.class);
        }
    }

    @Test
    void slotWithAnotherNumberIsDetected() {
        byte[] good = SlotCodec.encode(tail(), CONTENT);
        assertThatThrownBy(() -> SlotCodec.decode("ship/18", 18, good))
                .isInstanceOf(BadObjectException.class)
                .hasMessage("ship/18: slot 17; expected 18");
    }

    @Test
    void contentOfATailIsReadableByAnyLz4Reader() throws IOException {
        byte[] slot = SlotCodec.encode(tail(), CONTENT);
        try (var in = new LZ4FrameInputStream(new ByteArrayInputStream(slot))) {
            assertThat(in.readAllBytes()).isEqualTo(CONTENT);
        }
    }

    @Test
    void newerFormatIsNotReportedAsDamage() {
        byte[] head = new String(
                        SlotCodec.encode(slot(new Slot.Epoch(IDENTITY.text()))),
                        java.nio.charset.StandardCharsets.ISO_8859_1)
                .replace("\"format\":1", "\"format\":4")
                .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        byte[] digest = Digest.sha256().digest(Arrays.copyOf(head, head.length - 40));
        System.arraycopy(digest, 0, head, head.length - 32, 32);
        assertThatThrownBy(() -> SlotCodec.decode("ship/17", 17, head))
                .isInstanceOf(UnknownArchiveFormatException.class)
                .hasMessageContaining("ship/17: archive format 4; this library knows 1 to 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ship/1", "ship/00000000000000000000", "ship/0000000000000000001x", "x"})
    void otherKeysAreNotSlots(String key) {
        assertThat(ArchiveKeys.slotNumber(key)).isEqualTo(-1);
    }

    @Test
    void keysSortByNumber() {
        assertThat(ArchiveKeys.slot(9)).isLessThan(ArchiveKeys.slot(10));
        assertThat(ArchiveKeys.slotNumber(ArchiveKeys.slot(123))).isEqualTo(123);
        assertThat(ArchiveKeys.segment("orders", 7, 2))
                .isEqualTo("segments/orders_0000000000000007.e0000000002.wal.lz4");
    }

    @Test
    void identityRoundTrips() throws IOException {
        assertThat(LogIdentity.decode("log.json", IDENTITY.encode())).isEqualTo(IDENTITY);
        assertThatThrownBy(() -> LogIdentity.decode("log.json", "{\"format\":1}".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("field \"prefix\" is missing");
    }
}
