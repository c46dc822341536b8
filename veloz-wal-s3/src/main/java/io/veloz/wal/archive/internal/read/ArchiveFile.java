package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import java.util.List;

/** A file of the log, and what contains it in the archive. Immutable. */
sealed interface ArchiveFile {
    /** Returns the number of the segment; 0 for a checkpoint. */
    long number();

    long firstSequence();

    long lastSequence();

    /** Returns whether what begins with a cut does not need the file. */
    boolean isAbove(Cut cut);

    /** Returns what contains the file, for messages. */
    String place();

    /** A file that is one object, or several parts. */
    record Stored(long number, long firstSequence, long lastSequence, StoredFile stored) implements ArchiveFile {
        static Stored of(Segment segment) {
            return new Stored(segment.number(), segment.firstSequence(), segment.lastSequence(), segment.stored());
        }

        static Stored of(Attachment checkpoint) {
            return new Stored(0, -1, checkpoint.sequence(), checkpoint.stored());
        }

        @Override
        public boolean isAbove(Cut cut) {
            return cut.isAbove(stored.key());
        }

        @Override
        public String place() {
            return stored.parts().isEmpty()
                    ? stored.key()
                    : stored.key() + " in " + stored.parts().size() + " parts";
        }
    }

    /** The beginning of a segment, in slots whose positions join. */
    record Tails(long number, List<TailSlot> slots) implements ArchiveFile {
        @Override
        public long firstSequence() {
            return slots.get(0).tail().firstSequence();
        }

        @Override
        public long lastSequence() {
            return slots.get(slots.size() - 1).tail().lastSequence();
        }

        long bytes() {
            return slots.get(slots.size() - 1).tail().endPosition();
        }

        @Override
        public boolean isAbove(Cut cut) {
            return number < cut.segment();
        }

        @Override
        public String place() {
            return ArchiveKeys.slot(slots.get(0).slot()) + " to "
                    + slots.get(slots.size() - 1).slot();
        }
    }
}
