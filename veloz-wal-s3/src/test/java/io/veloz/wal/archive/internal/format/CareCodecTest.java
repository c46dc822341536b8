package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Gap;
import io.veloz.wal.archive.internal.format.CareState.Hold;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CareCodecTest {
    private static final Instant TIME = Instant.parse("2026-11-28T10:00:00Z");
    private static final String A = "a".repeat(64);
    private static final String B = "b".repeat(64);

    private static CareState state() {
        return new CareState(
                new Floor(4, new Cut(7, 601), 6, 6000, 60_000, 123),
                new Plan(9, new Cut(9, 801), 3, 2000, B, TIME),
                0,
                new TreeMap<>(Map.of(8L, new Hold(700, "audit", "ops-1", TIME))),
                new TreeMap<>(Map.of("content", new Mark(7, new Cut(20, 2000), 1900, TIME, TIME.plusSeconds(1), 99))),
                new TreeMap<>(Map.of(650L, new Gap(650, 660))),
                5);
    }

    private static CareRecord record(CareState state) {
        return new CareRecord(
                "0123456789abcdef".repeat(2),
                A,
                9,
                Kind.PLAN,
                "cd".repeat(16),
                "ops-1",
                TIME,
                B,
                new SlotRef(40, A),
                new SlotRef(38, B),
                3,
                state);
    }

    private static String head(byte[] bytes) {
        int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        return new String(bytes, 8, length, StandardCharsets.UTF_8);
    }

    /** Encodes any head with a right digest. */
    private static byte[] bytes(String head) {
        byte[] text = head.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(8 + text.length + 40).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x184D2A52).putInt(text.length).put(text);
        var digest = Digest.sha256();
        digest.update(out.array(), 0, out.position());
        return out.putInt(0x184D2A53).putInt(32).put(digest.digest()).array();
    }

    @Test
    void headHasThisText() {
        assertThat(head(CareCodec.encode(record(state()))))
                .isEqualTo("{\"format\":1,\"kind\":\"PLAN\",\"log\":\"0123456789abcdef0123456789abcdef\",\"origin\":\""
                        + A
                        + "\",\"record\":9,\"writer\":\"" + "cd".repeat(16)
                        + "\",\"host\":\"ops-1\",\"written\":\"2026-11-28T10:00:00Z\",\"previous\":\"" + B
                        + "\",\"tip\":{\"slot\":40,\"sha256\":\"" + A + "\"},\"kept\":{\"slot\":38,\"sha256\":\"" + B
                        + "\"},\"point\":3,\"state\":{\"floor\":{\"record\":4,\"segment\":7,\"sequence\":601,\"segments\":6,"
                        + "\"objectBytes\":6000,\"fileBytes\":60000,\"minTimestampNanos\":123},\"plan\":{\"record\":9,"
                        + "\"segment\":9,\"sequence\":801,\"keys\":3,\"bytes\":2000,\"keysSha256\":\"" + B
                        + "\",\"due\":\"2026-11-28T10:00:00Z\"},\"holds\":{\"8\":{\"sequence\":700,\"reason\":\"audit\","
                        + "\"host\":\"ops-1\",\"made\":\"2026-11-28T10:00:00Z\"}},\"verified\":{\"content\":{\"firstSegment\":7,"
                        + "\"lastSegment\":20,\"lastSequence\":2000,\"checkpoint\":1900,\"since\":\"2026-11-28T10:00:00Z\","
                        + "\"checked\":\"2026-11-28T10:00:01Z\",\"slot\":99}},\"gaps\":{\"650\":660},\"damaged\":5}}");
    }

    @Test
    void recordIsDecodedAsItWasEncoded() throws BadObjectException {
        for (CareState state : new CareState[] {CareState.NONE, state(), state().done()}) {
            CareRecord record = record(state);
            assertThat(CareCodec.decode("care", 9, CareCodec.encode(record))).isEqualTo(record);
        }
    }

    /** Earlier versions wrote no slot, and drop it from the marks that they keep. */
    @Test
    void markOfAnEarlierVersionHasNoSlot() throws BadObjectException {
        String text = head(CareCodec.encode(record(state()))).replace(",\"slot\":99", "");
        CareRecord decoded = CareCodec.decode("care", 9, bytes(text));
        assertThat(decoded.state().verified().get("content").slot()).isZero();
        assertThat(head(CareCodec.encode(decoded))).isEqualTo(text);
    }

    @Test
    void levelOfANewerVersionIsKept() throws BadObjectException {
        String text = head(CareCodec.encode(record(state()))).replace("\"content\"", "\"replay\"");
        CareRecord decoded = CareCodec.decode("care", 9, bytes(text));
        assertThat(head(CareCodec.encode(decoded))).isEqualTo(text);
    }

    @Test
    void changedByteIsDetected() {
        byte[] bytes = CareCodec.encode(record(state()));
        for (int i = 0; i < bytes.length; i++) {
            byte[] changed = bytes.clone();
            changed[i] ^= 1;
            assertThatThrownBy(() -> CareCodec.decode("care", 9, changed)).isInstanceOf(BadObjectException.class);
        }
    }

    @Test
    void truncatedAndLongerRecordsAreDetected() {
        byte[] bytes = CareCodec.encode(record(state()));
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> CareCodec.decode("care", 9, cut)).isInstanceOf(BadObjectException.class);
        }
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        assertThatThrownBy(() -> CareCodec.decode("care", 9, longer)).isInstanceOf(BadObjectException.class);
        byte[] huge = bytes("{\"format\":1,\"x\":\"" + "y".repeat(CareCodec.MAX_BYTES) + "\"}");
        assertThatThrownBy(() -> CareCodec.decode("care", 9, huge)).isInstanceOf(BadObjectException.class);
    }

    @Test
    void randomBytesAreDamaged() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            assertThatThrownBy(() -> CareCodec.decode("care", 9, bytes)).isInstanceOf(BadObjectException.class);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"record\":9,\"w | \"record\":8,\"w | record 8; expected 9",
                "\"segment\":7 | \"segment\":0 | field \"segment\" is 0",
                "\"segment\":9 | \"segment\":7 | a plan below the floor",
                "\"sequence\":700 | \"sequence\":600 | a hold below the floor",
                "\"keysSha256\":\"b | \"keysSha256\":\"B | field \"keysSha256\"",
                "\"due\":\"2026 | \"due\":\"yesterday 2026 | not a time",
                "{\"8\": | {\"08\": | expected a number without leading zeros",
                "{\"8\": | {\"10\": | hold 10 in record 9",
                "\"holds\": | \"delete\":4,\"holds\": | ",
                "\"holds\": | \"delete\":3,\"holds\": | a DELETE that is not of the floor",
                "\"gaps\":{\"650\":660} | \"gaps\":{\"650\":649} | field \"650\" is 649",
                "\"verified\":{\"content\" | \"verified\":{\"Content\" | level \"Content\"",
                "\"host\":\"ops-1\",\"w | \"w | field \"host\" is missing",
                "\"point\":3 | \"point\":-1 | field \"point\" is -1"
            })
    void valueThatIsNotAllowedIsDamage(String from, String to, String message) throws BadObjectException {
        String text = head(CareCodec.encode(record(state())));
        assertThat(text).contains(from);
        byte[] changed = bytes(text.replaceFirst(java.util.regex.Pattern.quote(from), to));
        if (message == null) {
            assertThat(CareCodec.decode("care", 9, changed).state().delete()).isEqualTo(4);
        } else {
            assertThatThrownBy(() -> CareCodec.decode("care", 9, changed))
                    .isInstanceOf(BadObjectException.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void newerFormatAndUnknownKindAreUnknownAndNotDamaged() {
        String text = head(CareCodec.encode(record(state())));
        for (String newer : new String[] {
            text.replace("\"format\":1", "\"format\":2"), text.replace("\"kind\":\"PLAN\"", "\"kind\":\"MOVE\"")
        }) {
            assertThatThrownBy(() -> CareCodec.decode("care", 9, bytes(newer)))
                    .isInstanceOf(UnknownArchiveFormatException.class);
        }
    }

    @Test
    void textIsPrintableAndShort() {
        assertThat(CareCodec.text("a\u001b[31m\nb")).isEqualTo("a\\u001b[31m\\u000ab");
        assertThat(CareCodec.text("x".repeat(500))).hasSize(CareState.MAX_TEXT_CHARS);
        assertThat(CareCodec.text(CareCodec.text("a\u202eb"))).isEqualTo(CareCodec.text("a\u202eb"));
    }

    @Test
    void largestStateFitsIntoARecord() throws BadObjectException {
        CareState state = CareState.NONE;
        for (long i = 1; i <= CareState.MAX_HOLDS; i++) {
            state = state.holding(i, new Hold(i, "r".repeat(128), "h".repeat(128), TIME));
        }
        for (long i = 1; i <= CareState.MAX_GAPS; i++) {
            state = state.acknowledging(new Gap(Long.MAX_VALUE / 10 + i, Long.MAX_VALUE - 2));
        }
        CareRecord record = new CareRecord(
                "0123456789abcdef".repeat(2),
                A,
                999,
                Kind.HOLD,
                "cd".repeat(16),
                "h",
                TIME,
                B,
                SlotRef.NONE,
                SlotRef.NONE,
                0,
                state);
        assertThat(CareCodec.decode("care", 999, CareCodec.encode(record))).isEqualTo(record);
    }

    @Test
    void transitionsThatLoseSomethingAreRefused() {
        CareState open = state();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> open.deleted(new Floor(10, new Cut(9, 801), 8, 1, 1, 1)))
                .withMessageContaining("a floor above a hold");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> open.releasing(8).deleted(new Floor(10, new Cut(10, 901), 8, 1, 1, 1)))
                .withMessageContaining("a floor above its plan");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> open.deleted(new Floor(10, new Cut(7, 601), 8, 1, 1, 1)))
                .withMessageContaining("a floor that does not rise");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> open.holding(11, new Hold(600, "", "", TIME)))
                .withMessageContaining("a hold below the floor");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CareState.NONE.done())
                .withMessageContaining("DONE");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> open.planned(new Plan(10, new Cut(11, 999), 1, 1, A, TIME)))
                .withMessageContaining("two plans");
    }
}
