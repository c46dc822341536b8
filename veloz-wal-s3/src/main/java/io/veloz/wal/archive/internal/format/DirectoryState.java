package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import java.util.ArrayList;
import java.util.List;

/**
 * What a directory of a log knows about an archive that it ships to: see docs/archive.md, "The right to ship". Immutable.
 *
 * @param instance 32 hex digits: this directory; a restored directory has another one
 * @param writers the ids of the writers that may have acquired an epoch from this directory, oldest first
 * @param kept the last kept slot that the store has confirmed to this directory; {@link SlotRef#NONE} if there is none
 * @param takeOver the epoch of another directory that this one may replace, by an operator's decision; 0 for none
 */
public record DirectoryState(String instance, List<String> writers, SlotRef kept, long takeOver) {
    /** The maximum size of the file. */
    public static final int MAX_BYTES = 64 * 1024;

    private static final long FORMAT = 1;

    /** Only writers that restart again and again without an epoch reach it. */
    private static final int MAX_WRITERS = 256;

    public DirectoryState {
        writers = List.copyOf(writers);
    }

    /** Returns the name of the file. Two archives of one log have different origins. */
    public static String fileName(String prefix, LogIdentity identity) {
        return namesBegin(prefix) + identity.origin().substring(0, 16);
    }

    /** Returns how the names of such files, and of their locks, begin. */
    public static String namesBegin(String prefix) {
        return "." + prefix + "_archive_";
    }

    /** Returns the state of a directory that has not shipped yet. */
    public static DirectoryState initial(String instance) {
        return new DirectoryState(instance, List.of(), SlotRef.NONE, 0);
    }

    /** Returns the state after an operator has decided that this directory replaces the writer of an epoch. */
    public DirectoryState permitting(long epoch) {
        return new DirectoryState(instance, writers, kept, epoch);
    }

    /**
     * Returns the state before a writer puts an EPOCH slot. Its id is the last one, also if it was in the list before: another
     * writer was faster then, and its confirmation must not remove the id. If there are too many, the first one stays, which
     * is the last one that was confirmed.
     */
    public DirectoryState adding(String writer) {
        List<String> longer = new ArrayList<>(writers);
        longer.remove(writer);
        longer.add(writer);
        if (longer.size() > MAX_WRITERS) {
            longer.remove(1);
        }
        return new DirectoryState(instance, longer, kept, takeOver);
    }

    /**
     * Returns the state after the store has confirmed a kept slot of a writer. The ids before its own are not needed any more;
     * those after it are, as they are of writers that have started since. A take-over has happened.
     */
    public DirectoryState confirming(String writer, SlotRef slot) {
        List<String> needed = new ArrayList<>(writers);
        needed.subList(0, Math.max(0, needed.indexOf(writer))).clear();
        if (!needed.contains(writer)) {
            needed.add(0, writer);
        }
        return new DirectoryState(instance, needed, slot.number() > kept.number() ? slot : kept, 0);
    }

    /** Returns the content of the file. */
    public byte[] encode() {
        Json ids = Json.create();
        for (int i = 0; i < writers.size(); i++) {
            ids.put(writers.get(i), (long) i);
        }
        Json json = Json.create()
                .put("format", FORMAT)
                .put("instance", instance)
                .put("writers", ids)
                .put("kept", SlotHead.encode(kept));
        return (takeOver == 0 ? json : json.put("takeOver", takeOver)).encode();
    }

    /**
     * Decodes the content of the file.
     *
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static DirectoryState decode(String where, byte[] bytes) throws BadObjectException {
        Json json = Json.decode(where, bytes);
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT, FORMAT);
        List<String> writers = new ArrayList<>();
        for (String id : json.object("writers").names()) {
            if (!Json.isHex32(id)) {
                throw new BadObjectException(where + ": writer \"" + Text.printable(id) + "\"; expected 32 hex digits");
            }
            writers.add(id);
        }
        long takeOver = json.has("takeOver") ? json.number("takeOver", 1) : 0;
        return new DirectoryState(json.hex32("instance"), writers, SlotHead.ref(json, "kept", 0), takeOver);
    }
}
