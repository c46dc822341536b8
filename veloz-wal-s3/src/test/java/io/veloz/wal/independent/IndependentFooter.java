package io.veloz.wal.independent;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The footer of a segment: the one in the file, and the one that its batches require. */
final class IndependentFooter {
    private static final int MOST_INDEX_ENTRIES = 4096;
    private final IndependentSegment segment;
    private final byte[] bytes;
    private final ByteBuffer in;
    private final int end;

    IndependentFooter(IndependentSegment segment) {
        this.segment = segment;
        bytes = segment.bytes;
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        end = segment.end();
    }

    /** Returns the footer after the last complete batch; null if there is no valid footer. */
    byte[] found() {
        if (end + 176L > bytes.length || !segment.isText(end, "VELOZFTR")) {
            return null;
        }
        int length = in.getInt(end + 8);
        int count = in.getInt(end + 12);
        boolean fits = count >= 0
                && count <= MOST_INDEX_ENTRIES
                && length == 176 + 24 * count
                && end + (long) length <= bytes.length;
        if (!fits
                || in.getLong(end + 16) != segment.number()
                || in.getLong(end + 24) != segment.salt()
                || in.getLong(end + 80) != end) {
            return null;
        }
        int trailer = end + length - 16;
        boolean right = in.getInt(trailer) == length
                && in.getInt(trailer + 4) == IndependentSegment.crc(bytes, end, length - 12)
                && segment.isText(trailer + 8, "VELOZEND");
        return right && isIndexInOrder(count) ? Arrays.copyOfRange(bytes, end, end + length) : null;
    }

    private boolean isIndexInOrder(int count) {
        long sequence = -1;
        long position = IndependentSegment.PAGE - 1;
        for (int at = end + 160; at < end + 160 + 24 * count; at += 24) {
            if (in.getLong(at) <= sequence || in.getLong(at + 8) <= position || in.getLong(at + 8) >= end) {
                return false;
            }
            sequence = in.getLong(at);
            position = in.getLong(at + 8);
        }
        return true;
    }

    /** Returns whether a footer agrees with the batches. Reserved fields are not checked. */
    boolean agrees(byte[] footer) {
        byte[] rebuilt = rebuilt(Arrays.copyOfRange(footer, 128, 160));
        return footer.length == rebuilt.length
                && Arrays.equals(footer, 0, 92, rebuilt, 0, 92)
                && Arrays.equals(footer, 96, footer.length - 16, rebuilt, 96, footer.length - 16);
    }

    /** Returns the footer that the batches require. */
    byte[] rebuilt(byte[] before) {
        List<long[]> index = index();
        int length = 176 + 24 * index.size();
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(IndependentSegment.text("VELOZFTR"))
                .putInt(length)
                .putInt(index.size())
                .putLong(segment.number())
                .putLong(segment.salt());
        boolean none = segment.entries().isEmpty();
        out.putLong(none ? -1 : segment.entries().get(0).sequence());
        out.putLong(
                none ? -1 : segment.entries().get(segment.entries().size() - 1).sequence());
        out.putLong(segment.entries().size())
                .putLong(segment.batches().size())
                .putLong(segment.earliest())
                .putLong(segment.latest());
        out.putLong(end).putInt(segment.lastCrc()).putInt(0);
        byte[] data = Arrays.copyOf(bytes, end);
        if (segment.mayHaveMarks()) {
            Arrays.fill(data, IndependentSegment.MARK, 3 * IndependentSegment.MARK, (byte) 0);
        }
        out.put(segment.hasDataDigest() ? IndependentSegment.sha256(data) : new byte[32])
                .put(before);
        for (long[] entry : index) {
            out.putLong(entry[0]).putLong(entry[1]).putLong(entry[2]);
        }
        out.putInt(length);
        out.putInt(IndependentSegment.crc(out.array(), 0, out.position()));
        return out.put(IndependentSegment.text("VELOZEND")).array();
    }

    private List<long[]> index() {
        List<long[]> index = new ArrayList<>();
        long spacing = 65_536;
        for (IndependentSegment.Batch batch : segment.batches()) {
            boolean far = index.isEmpty() || batch.position() - index.get(index.size() - 1)[1] >= spacing;
            if (batch.count() == 0 || !far) {
                continue;
            }
            if (index.size() == MOST_INDEX_ENTRIES) {
                for (int i = MOST_INDEX_ENTRIES - 1; i > 0; i -= 2) {
                    index.remove(i);
                }
                spacing *= 2;
            }
            index.add(new long[] {batch.first(), batch.position(), batch.latestBefore()});
        }
        return index;
    }
}
