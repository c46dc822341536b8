package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Witness.Kind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The bytes of a witness record. */
class WitnessCodecTest {
    private static final LogIdentity IDENTITY = new LogIdentity("0".repeat(32), "orders", Instant.EPOCH, 1, 1);

    private static Witness witness(Kind kind) {
        return new Witness(
                kind,
                IDENTITY.logId(),
                IDENTITY.origin(),
                IDENTITY.text(),
                7,
                "ab".repeat(16),
                "engine-1",
                Instant.parse("2026-11-29T05:00:00.123Z"),
                new SlotRef(12, "1".repeat(64)),
                new SlotRef(9, "2".repeat(64)),
                new Archived(3, 4096, 4711));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void recordIsReadAsItWasWritten(Kind kind) throws BadObjectException {
        byte[] bytes = WitnessCodec.encode(witness(kind));
        assertThat(WitnessCodec.decode("end", bytes)).isEqualTo(witness(kind));
        assertThat(WitnessCodec.encode(witness(kind))).isEqualTo(bytes);
    }

    @Test
    void everyChangedByteAndEveryOtherLengthIsDamage() {
        byte[] bytes = WitnessCodec.encode(witness(Kind.END));
        for (int i = 0; i < bytes.length; i++) {
            byte[] changed = bytes.clone();
            changed[i] ^= 1;
            assertThatThrownBy(() -> WitnessCodec.decode("end", changed)).isInstanceOf(BadObjectException.class);
            byte[] shorter = Arrays.copyOf(bytes, i);
            assertThatThrownBy(() -> WitnessCodec.decode("end", shorter)).isInstanceOf(BadObjectException.class);
        }
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        assertThatThrownBy(() -> WitnessCodec.decode("end", longer)).isInstanceOf(BadObjectException.class);
        assertThatThrownBy(() -> WitnessCodec.decode("end", new byte[WitnessCodec.MAX_BYTES + 1]))
                .isInstanceOf(BadObjectException.class);
    }

    /** Returns the record with a changed head of the same length, and the right digest. */
    private static byte[] with(String from, String to) {
        byte[] bytes = WitnessCodec.encode(witness(Kind.END));
        String head = new String(bytes, 8, bytes.length - 48, StandardCharsets.ISO_8859_1);
        assertThat(head).contains(from);
        byte[] changed = head.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(changed, 0, bytes, 8, changed.length);
        MessageDigest digest = Digest.sha256();
        digest.update(bytes, 0, bytes.length - 40);
        System.arraycopy(digest.digest(), 0, bytes, bytes.length - 32, 32);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({
        "'\"tip\":{\"slot\":12', '\"tip\":{\"slot\":08'",
        "'\"kept\":{\"slot\":9', '\"kept\":{\"slot\":0'",
        "'\"epoch\":7', '\"epoch\":0'",
        "'2026-11-29', '2026-13-29'",
        "'\\\"prefix\\\":\\\"orders', '\\\"prefix\\\":\\\"trades'"
    })
    void fieldOutsideOfItsTableIsDamage(String from, String to) {
        assertThatThrownBy(() -> WitnessCodec.decode("end", with(from, to))).isInstanceOf(BadObjectException.class);
    }

    @ParameterizedTest
    @CsvSource({"'\"kind\":\"END\"', '\"kind\":\"FIN\"'", "'\"format\":1', '\"format\":2'"})
    void recordOfANewerVersionIsUnknown(String from, String to) {
        assertThatThrownBy(() -> WitnessCodec.decode("end", with(from, to)))
                .isInstanceOf(UnknownArchiveFormatException.class);
    }
}
