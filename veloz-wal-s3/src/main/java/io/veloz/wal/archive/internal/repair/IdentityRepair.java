package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.archive.internal.care.NumberedObjects;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts {@code log.json} of an archive again, from its text in the newest EPOCH slot. An instance is for one run, and confined
 * to one thread.
 *
 * <p>A missing one is created if absent. A changed one is deleted first, but only if the caller names the SHA-256 of the bytes
 * that are deleted: no store replaces an object under a condition, and those bytes may belong to another archive whose slots
 * are in the wrong place.
 *
 * <p>Crash table. No writer creates {@code log.json} while slots exist, so a shipper that starts between the two requests is
 * refused and creates nothing.
 *
 * <pre>
 * after the delete, its answer lost:  log.json is missing: the next run puts it, without a digest
 * after the put, its answer lost:     log.json is intact: the next run changes nothing
 * a delete that arrives after the put: log.json is missing: the next run puts it
 * </pre>
 */
public final class IdentityRepair {
    private static final int SLOT_READS = 3;

    private final ObjectStore store;
    private final Retries retries;
    private final ShipLog log;

    /** The state of {@code log.json} that was found, and for a changed one what was done. */
    public enum Outcome {
        /** It has the bytes that the slots state. */
        INTACT,
        /** It was missing, and was created. */
        CREATED,
        /** It was changed, and was replaced. */
        REPLACED,
        /** It was changed, and was left: the caller has not named its digest. */
        CHANGED
    }

    /**
     * The result.
     *
     * @param difference how the object that was found differs; empty if it was intact or missing
     * @param sha256 of the object that was found; empty if it was missing
     */
    public record Result(Outcome outcome, String difference, String sha256) {}

    public IdentityRepair(ObjectStore store, Retries retries) {
        this.store = store;
        this.retries = retries;
        this.log = new ShipLog(store);
    }

    /**
     * Repairs the object.
     *
     * @param replaced the SHA-256 of the changed object that may be deleted; empty for none
     * @throws BadObjectException if the slots do not state the identity, or contradict each other
     */
    public Result run(String replaced) throws IOException {
        LogIdentity original = original();
        byte[] found = present();
        if (found == null) {
            put(original);
            return new Result(Outcome.CREATED, "", "");
        }
        String sha256 = Digest.of(found);
        if (sha256.equals(original.origin())) {
            return new Result(Outcome.INTACT, "", sha256);
        }
        String difference = difference(found, original);
        if (!sha256.equals(replaced)) {
            return new Result(Outcome.CHANGED, difference, sha256);
        }
        retries.call(() -> {
            store.delete(List.of(ArchiveKeys.LOG));
            return true;
        });
        put(original);
        return new Result(Outcome.REPLACED, difference, sha256);
    }

    private void put(LogIdentity original) throws IOException {
        retries.call(() -> store.putIfAbsent(ArchiveKeys.LOG, ObjectContent.of(original.encode())));
        // Also if it existed: then an earlier attempt succeeded, or another program has put an object meanwhile.
        byte[] stored = present();
        if (stored == null || !Digest.of(stored).equals(original.origin())) {
            throw new BadObjectException(log.where(ArchiveKeys.LOG) + " was put with SHA-256 " + original.origin()
                    + ", and " + (stored == null ? "a read does not find it" : "has SHA-256 " + Digest.of(stored))
                    + ": another program changes it, or the store is not consistent");
        }
    }

    /** Returns at most the bytes that a valid object may have, and one more; null if it is missing. */
    private byte @Nullable [] present() throws IOException {
        return retries.call(() -> {
                    try (InputStream in = store.get(ArchiveKeys.LOG)) {
                        return Optional.of(in.readNBytes(LogIdentity.MAX_BYTES + 1));
                    } catch (NoSuchObjectException e) {
                        return Optional.<byte[]>empty();
                    }
                })
                .orElse(null);
    }

    private String difference(byte[] found, LogIdentity original) {
        try {
            return LogIdentity.decode(log.where(ArchiveKeys.LOG), found).differencesFrom(original);
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            return String.valueOf(e.getMessage());
        }
    }

    // ---- the original

    /** Returns the identity that the chain states. The last slot, its EPOCH slot and slot 1 must agree. */
    private LogIdentity original() throws IOException {
        Slot last = last();
        LogIdentity original = retries.call(() -> ChainIdentity.of(log, last))
                .orElseThrow(() -> new BadObjectException(
                        store.describe() + ": the slots do not repeat log.json, as an earlier version wrote them"));
        check(last, original);
        Decoded first = retries.call(() -> log.check(1)).orElse(null);
        if (first != null && !first.slot().origin().isEmpty()) {
            check(first.slot(), original);
        }
        return original;
    }

    private void check(Slot slot, LogIdentity original) throws BadObjectException {
        if (!slot.logId().equals(original.logId()) || !slot.origin().equals(original.origin())) {
            throw new BadObjectException(log.where("slot " + slot.number()) + " is of log " + slot.logId()
                    + ", origin " + slot.origin() + "; the newest EPOCH slot states log " + original.logId()
                    + ", origin " + original.origin() + ": the slots of two archives are mixed");
        }
    }

    /** Returns the last slot. A shipper may drop it meanwhile, if it is a tail. */
    private Slot last() throws IOException {
        for (int attempt = 0; attempt < SLOT_READS; attempt++) {
            long number = NumberedObjects.last(store, retries, ArchiveKeys.SLOTS);
            Optional<Decoded> found = number == 0 ? Optional.empty() : retries.call(() -> log.check(number));
            if (found.isPresent()) {
                return found.get().slot();
            }
        }
        throw new BadObjectException(store.describe() + " has no slots, so nothing states which log it belongs to");
    }
}
