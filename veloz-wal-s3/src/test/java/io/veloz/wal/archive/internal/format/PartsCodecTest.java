package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.SummaryContent.Peak;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The statement of a segment that is stored in parts. */
class PartsCodecTest {
    private static final String A = "a1".repeat(32);
    private static final String B = "b2".repeat(32);
    private static final String C = "c3".repeat(32);
    private static final String KEY = ArchiveKeys.segment("orders", 7, 3);

    private static Segment segment(List<StoredFrame> parts, @Nullable Encryption encryption) {
        long objectBytes = parts.stream().mapToLong(StoredFrame::objectBytes).sum();
        long fileBytes = parts.stream().mapToLong(StoredFrame::fileBytes).sum();
        StoredFile stored =
                new StoredFile(KEY, objectBytes, StoredFrame.digest(parts), fileBytes, C, encryption, parts);
        return new Segment(7, stored, fileBytes - 1, 1, 9, 9, 5, 6);
    }

    private static Segment plain() {
        return segment(
                List.of(
                        new StoredFrame(ArchiveKeys.part(KEY, 1, 2), 11, A, 100, null),
                        new StoredFrame(ArchiveKeys.part(KEY, 2, 2), 12, B, 20, null)),
                null);
    }

    private static String text(Segment segment) {
        Json json = Json.create();
        SlotHead.putPart(json, segment);
        return new String(json.encode(), StandardCharsets.UTF_8);
    }

    private static Slot.Part decoded(String text) throws BadObjectException {
        return SlotHead.part("k", Json.decode("k", text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void partsHaveThisText() throws BadObjectException {
        String text = text(plain());
        assertThat(text)
                .contains("\"key\":\"segments/orders_0000000000000007.e0000000003.wal.lz4\",\"objectBytes\":23,")
                .contains("\"parts\":{\"1\":{\"objectBytes\":11,\"objectSha256\":\"" + A + "\",\"fileBytes\":100},"
                        + "\"2\":{\"objectBytes\":12,\"objectSha256\":\"" + B + "\",\"fileBytes\":20}}")
                .contains("\"objectSha256\":\"" + Digest.of((A + "\n" + B + "\n").getBytes(StandardCharsets.US_ASCII))
                        + "\"");
        assertThat(decoded(text)).isEqualTo(plain());
    }

    @Test
    void segmentThatIsOneObjectHasNoParts() throws BadObjectException {
        Segment one = new Segment(7, new StoredFile(KEY, 11, A, 100, C), 99, 1, 9, 9, 5, 6);
        assertThat(text(one)).doesNotContain("parts");
        assertThat(one.objectKeys()).containsExactly(KEY);
        assertThat(decoded(text(one))).isEqualTo(one);
    }

    @Test
    void segmentThatIsStatedAgainHasParts() throws BadObjectException {
        Restated restated = new Restated(plain(), ArchiveKeys.segment("orders", 7, 2));
        Json json = Json.create();
        SlotHead.putPart(json, restated);
        assertThat(decoded(new String(json.encode(), StandardCharsets.UTF_8))).isEqualTo(restated);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"objectBytes\":23 | \"objectBytes\":24 | less than \"objectBytes\"",
                "\"objectBytes\":23 | \"objectBytes\":22 | from 1 to 11",
                "\"fileBytes\":120 | \"fileBytes\":121 | less than \"fileBytes\"",
                "\"fileBytes\":120 | \"fileBytes\":100 | from 1 to 0",
                "\"fileBytes\":100 | \"fileBytes\":9223372036854775806 | from 1 to 120",
                "\"2\":{ | \"3\":{ | field \"2\" is missing",
                "\"parts\":{ | \"parts\":{\"3\":{}, | field \"objectBytes\" is missing",
            })
    void partsThatAreNotTheSegmentAreRefused(String before, String after, String message) {
        String text = text(plain()).replace(before, after);
        assertThat(text).isNotEqualTo(text(plain()));
        assertThatThrownBy(() -> decoded(text))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining(message);
    }

    @Test
    void otherDigestIsRefused() {
        String text = text(plain()).replace(B, C);
        assertThatThrownBy(() -> decoded(text))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("digests that are not \"objectSha256\"");
    }

    @Test
    void onePartIsRefused() {
        List<StoredFrame> one = List.of(new StoredFrame(ArchiveKeys.part(KEY, 1, 1), 11, A, 100, null));
        assertThatThrownBy(() -> decoded(text(segment(one, null))))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("1 parts; expected 2 to 64");
    }

    @Test
    void morePartsThanAReaderAcceptsAreNotWritten() {
        List<StoredFrame> parts = new ArrayList<>(largest().stored().parts());
        parts.add(new StoredFrame("p65", 1, A, 1, null));
        assertThatThrownBy(() -> PartsCodec.encode(parts))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("65 parts of a segment; expected 2 to 64");
    }

    // ---- encryption and summaries

    private static Segment largest() {
        List<StoredFrame> parts = new ArrayList<>();
        for (int number = 1; number <= StoredFrame.MAX_PARTS; number++) {
            parts.add(new StoredFrame(
                    ArchiveKeys.part(KEY, number, StoredFrame.MAX_PARTS),
                    17_000_000_000L,
                    A,
                    17_179_869_184L,
                    encryption(number)));
        }
        return segment(parts, encryption(0));
    }

    private static Encryption encryption(int number) {
        return new Encryption("k".repeat(64), "A".repeat(52) + (10 + number) + "==");
    }

    @Test
    void eachPartHasAWrappedKey() throws BadObjectException {
        assertThat(decoded(text(largest()))).isEqualTo(largest());
        String without =
                text(largest()).replace(",\"wrapped\":\"" + encryption(5).wrapped() + "\"", "");
        assertThatThrownBy(() -> decoded(without))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("field \"wrapped\" is missing");
    }

    @Test
    void summaryRepeatsTheLargestStatement() throws BadObjectException {
        SlotRef ref = new SlotRef(9, B);
        SummaryContent content = new SummaryContent(
                List.of(), List.of(new Entry(ref, 3, new Archived(7, 1_099_511_627_776L, 9), largest())));
        byte[] bytes = content.encode();
        Summary head = new Summary(1, SlotRef.NONE, 9, ref, 1, 9, bytes.length, Digest.of(bytes), 64);
        assertThat(SummaryContent.decode("k", head, bytes)).isEqualTo(content);
        assertThat(Peak.of(new SlotRef(10, A), head).parts()).isEqualTo(64);
        Summary without = new Summary(1, SlotRef.NONE, 9, ref, 1, 9, bytes.length, Digest.of(bytes));
        assertThatThrownBy(() -> SummaryContent.decode("k", without, bytes))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("64 parts of segments; expected 0");
    }

    // ---- keys

    @Test
    void keyOfAPartStatesItsSegment() {
        String key = ArchiveKeys.part(KEY, 2, 12);
        assertThat(key).isEqualTo(KEY + ".p0002of0012");
        assertThat(ArchiveKeys.segmentKey(key)).contains(new SegmentKey("orders", 7, 3, 2, 12));
        assertThat(ArchiveKeys.segmentKey(key).orElseThrow().whole()).isEqualTo(KEY);
        assertThat(ArchiveKeys.epoch(key)).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"p0000of0002", "p0003of0002", "p1of2", "p00001of0002", "p0001of0002x"})
    void otherKeysAreNotParts(String end) {
        assertThat(ArchiveKeys.segmentKey(KEY + "." + end)).isEmpty();
    }
}
