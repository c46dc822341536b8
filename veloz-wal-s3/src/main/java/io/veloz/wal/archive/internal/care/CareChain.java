package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareCodec;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The care records of an archive, under {@code care/}: numbered from 1 without holes, put if absent, never deleted. Of two
 * processes that act at once, one puts the next number, and the other one reads again. Each record has the whole state, so a
 * reader needs only the last one. Confined to one thread.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><th>cut at</th><th>state</th><th>next</th></tr>
 * <tr><td>before the put</td><td>unchanged</td><td>the step is made again from the state that is read then</td></tr>
 * <tr><td>after the put, the answer is lost</td><td>the record</td><td>{@link #put} reads the number and compares the bytes; a
 * process that starts again finds the record as the last one</td></tr>
 * <tr><td>a copy of the put arrives later</td><td>its number is taken, as records are never deleted</td><td>no
 * effect</td></tr>
 * </table>
 */
public final class CareChain {
    private final ObjectStore store;
    private final Retries retries;
    private final LogIdentity identity;

    public CareChain(ObjectStore store, Retries retries, LogIdentity identity) {
        this.store = store;
        this.retries = retries;
        this.identity = identity;
    }

    /**
     * The end of the chain.
     *
     * @param number the number of the last record; 0 if there is none
     * @param sha256 of that record; {@link Digest#NONE} if there is none
     * @param record null if there is none
     */
    public record Tip(long number, String sha256, @Nullable CareRecord record) {
        public static final Tip NONE = new Tip(0, Digest.NONE, null);

        public CareState state() {
            return record == null ? CareState.NONE : record.state();
        }
    }

    /**
     * Reads the last record.
     *
     * @throws BadObjectException if it is damaged, or of another log
     */
    public Tip tip() throws IOException {
        long last = NumberedObjects.last(store, retries, ArchiveKeys.CARE);
        return last == 0
                ? Tip.NONE
                : read(last).orElseThrow(() -> new BadObjectException(where(last) + " is listed and missing"));
    }

    /**
     * Reads the last record that is not damaged, for a reader. Its floor may be too low, so an object that is retired may seem to
     * be missing, but never the reverse.
     *
     * @param findings receives what is damaged
     */
    public Tip lastReadable(Consumer<String> findings) throws IOException {
        for (long number = NumberedObjects.last(store, retries, ArchiveKeys.CARE); number > 0; number--) {
            try {
                Optional<Tip> found = read(number);
                if (found.isPresent()) {
                    return found.get();
                }
                findings.accept(where(number) + " is missing");
            } catch (BadObjectException e) {
                findings.accept(String.valueOf(e.getMessage()));
            }
        }
        return Tip.NONE;
    }

    /**
     * Reads a record; empty if there is none with that number.
     *
     * @throws BadObjectException if it is damaged, or of another log
     */
    public Optional<Tip> read(long number) throws IOException {
        return retries.call(() -> {
            Optional<byte[]> bytes = bytes(number);
            return bytes.isEmpty() ? Optional.empty() : Optional.of(decode(number, bytes.get()));
        });
    }

    private Optional<byte[]> bytes(long number) throws IOException {
        try (InputStream in = store.get(ArchiveKeys.numbered(ArchiveKeys.CARE, number))) {
            return Optional.of(in.readNBytes(CareCodec.MAX_BYTES + 1));
        } catch (NoSuchObjectException e) {
            return Optional.empty();
        }
    }

    private Tip decode(long number, byte[] bytes) throws BadObjectException {
        CareRecord record = CareCodec.decode(where(number), number, bytes);
        if (!record.logId().equals(identity.logId()) || !record.origin().equals(identity.origin())) {
            throw new BadObjectException(where(number) + " is of log " + record.logId() + ", origin " + record.origin()
                    + "; expected log " + identity.logId() + ", origin " + identity.origin());
        }
        return new Tip(number, Digest.of(bytes), record);
    }

    /**
     * Returns the last record if it is damaged, with the digest of its bytes and the state before it.
     *
     * @return empty if the last record is not damaged
     * @throws BadObjectException if it is missing, or the record before it is damaged or missing
     */
    Optional<Damaged> damagedTip() throws IOException {
        long last = NumberedObjects.last(store, retries, ArchiveKeys.CARE);
        if (last == 0) {
            return Optional.empty();
        }
        try {
            if (read(last).isEmpty()) {
                throw new StoreUnavailableException(where(last) + " is listed and missing", null);
            }
            return Optional.empty();
        } catch (BadObjectException e) {
            Tip before = last == 1
                    ? Tip.NONE
                    : read(last - 1).orElseThrow(() -> new BadObjectException(where(last - 1) + " is missing"));
            return Optional.of(
                    new Damaged(new Tip(last, rawSha256(last), before.record), String.valueOf(e.getMessage())));
        }
    }

    /**
     * A damaged last record.
     *
     * @param tip its number and the digest of its bytes as they are, and the record before it
     */
    record Damaged(Tip tip, String problem) {}

    private String rawSha256(long number) throws IOException {
        byte[] bytes = retries.call(() -> bytes(number))
                .orElseThrow(() -> new BadObjectException(where(number) + " is missing"));
        return Digest.of(bytes);
    }

    /**
     * Puts a record. Returns false if another one has its number. A record that cannot be read again is not put: it would stay the
     * last one.
     *
     * @throws IllegalArgumentException if it could not be read again
     * @throws IOException if the store failed. The record may have been put: read the tip, and continue from there
     */
    public boolean put(CareRecord record) throws IOException {
        byte[] bytes = CareCodec.encode(record);
        requireReadable(record, bytes);
        String key = ArchiveKeys.numbered(ArchiveKeys.CARE, record.number());
        return retries.call(() -> {
            if (store.putIfAbsent(key, ObjectContent.of(bytes))) {
                return true;
            }
            // The answer to an earlier attempt may have been lost.
            byte[] existing = bytes(record.number())
                    .orElseThrow(() -> new BadObjectException(where(record.number()) + " exists and is missing"));
            return Arrays.equals(existing, bytes);
        });
    }

    private void requireReadable(CareRecord record, byte[] bytes) {
        try {
            decode(record.number(), bytes);
        } catch (BadObjectException e) {
            throw new IllegalArgumentException(
                    where(record.number()) + " is not put, as it could not be read again: " + e.getMessage(), e);
        }
    }

    /**
     * Reads all records, and checks that each follows the one before.
     *
     * @return the number of records
     * @throws BadObjectException if one is missing or damaged, or does not follow the one before
     */
    public long verify() throws IOException {
        Tip before = Tip.NONE;
        long last = NumberedObjects.last(store, retries, ArchiveKeys.CARE);
        for (long number = 1; number <= last; number++) {
            Tip next = number < last ? readOrSkipped(number, before, last) : require(number, last);
            if (Objects.equals(next.record, before.record)) {
                before = next;
                continue;
            }
            String problem = problem(before, next);
            if (!problem.isEmpty()) {
                throw new BadObjectException(where(number) + ": " + problem);
            }
            before = next;
        }
        return last;
    }

    private Tip require(long number, long last) throws IOException {
        return read(number).orElseThrow(() -> missing(number, last));
    }

    private BadObjectException missing(long number, long last) {
        return new BadObjectException(where(number) + " is missing; the last one is " + last);
    }

    /**
     * Reads a record. If it is damaged, and the one after it names its bytes as they are, that one was put by an operator who has
     * skipped it: every other step refuses a damaged last record. Then this returns the state before it.
     */
    private Tip readOrSkipped(long number, Tip before, long last) throws IOException {
        Optional<Tip> found;
        try {
            found = read(number);
        } catch (BadObjectException e) {
            String raw = rawSha256(number);
            if (isNext(number + 1, raw)) {
                return new Tip(number, raw, before.record);
            }
            throw e;
        }
        return found.orElseThrow(() -> missing(number, last));
    }

    private boolean isNext(long number, String previous) throws IOException {
        try {
            return read(number)
                    .map(Tip::record)
                    .filter(next -> next.previous().equals(previous))
                    .isPresent();
        } catch (BadObjectException e) {
            return false;
        }
    }

    private static String problem(Tip before, Tip next) {
        CareRecord record = next.record;
        if (record == null || !record.previous().equals(before.sha256)) {
            return "names another record as the one before; expected " + before.sha256;
        }
        @Nullable CareRecord last = before.record;
        if (last != null && record.kept().number() < last.kept().number()) {
            return "names kept slot " + record.kept().number() + " after kept slot "
                    + last.kept().number() + ", so slots were lost";
        }
        CareState.Floor was = before.state().floor();
        CareState.Floor is = record.state().floor();
        boolean rises = is.cut().segment() > was.cut().segment() && is.record() == next.number;
        if (record.kind() == Kind.DELETE ? !rises : !is.equals(was)) {
            return record.kind() + " with floor " + is + " after floor " + was;
        }
        boolean mayChangeHolds = record.kind() == Kind.HOLD || record.kind() == Kind.RELEASE;
        if (!mayChangeHolds && !record.state().holds().equals(before.state().holds())) {
            return record.kind() + " with other holds than the record before";
        }
        return "";
    }

    private String where(long number) {
        return store.describe() + "/" + ArchiveKeys.numbered(ArchiveKeys.CARE, number);
    }
}
