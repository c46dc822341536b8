package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of a segment in tails. Each tail must have the digest that the proof has found. Confined to one thread.
 *
 * <p>A shipper drops tails some time after it has committed their segment. The file then continues in what contains the segment
 * now, which begins with the same bytes.
 */
final class TailsFile extends ReadOnlyFile {
    /** Tails that are fetched ahead. */
    private static final int AHEAD = 8;

    private static final int CACHED_AS = 0;

    private final ArchiveFile.Tails file;
    private final ShipLog log;
    private final Retries retries;
    private final Fetcher fetcher;
    private final PieceCache cache;
    private final Replacement replacement;
    private final long size;
    private @Nullable ReadOnlyFile replaced;

    /** Opens what contains the segment now, if a tail disappeared. */
    @FunctionalInterface
    interface Replacement {
        /**
         * Returns the segment as the archive contains it now.
         *
         * @throws BadObjectException if it still consists of the tail that is missing
         */
        ReadOnlyFile open(ArchiveFile.Tails file, long missingSlot) throws IOException;
    }

    /** The slot was deleted after the proof. */
    private static final class DisappearedException extends IOException {
        private static final long serialVersionUID = 1;
    }

    TailsFile(
            ArchiveFile.Tails file,
            ShipLog log,
            Retries retries,
            Fetcher fetcher,
            PieceCache cache,
            Replacement replacement) {
        this.file = file;
        this.log = log;
        this.retries = retries;
        this.fetcher = fetcher;
        this.cache = cache;
        this.replacement = replacement;
        this.size = file.bytes();
    }

    @Override
    public long size() {
        return replaced == null ? size : replaced.size();
    }

    @Override
    Piece at(long position) {
        if (replaced != null) {
            return replaced.at(position);
        }
        int index = indexOf(position);
        TailSlot slot = file.slots().get(index);
        try {
            return new Piece(slot.tail().position(), content(index));
        } catch (DisappearedException e) {
            return replacedAt(position, slot.slot());
        } catch (IOException e) {
            throw ReadErrors.of(file, ArchiveKeys.slot(slot.slot()), e);
        }
    }

    private Piece replacedAt(long position, long missingSlot) {
        try {
            ReadOnlyFile now = replacement.open(file, missingSlot);
            replaced = now;
            return now.at(position);
        } catch (IOException e) {
            throw ReadErrors.of(file, ArchiveKeys.slot(missingSlot), e);
        }
    }

    private int indexOf(long position) {
        List<TailSlot> slots = file.slots();
        int low = 0;
        int high = slots.size() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (slots.get(middle).tail().endPosition() <= position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private byte[] content(int index) throws IOException {
        TailSlot slot = file.slots().get(index);
        String key = ArchiveKeys.slot(slot.slot());
        byte[] cached = cache.get(key, CACHED_AS);
        if (cached != null) {
            return cached;
        }
        for (int i = index + 1; i < Math.min(file.slots().size(), index + AHEAD); i++) {
            TailSlot next = file.slots().get(i);
            String nextKey = ArchiveKeys.slot(next.slot());
            if (cache.get(nextKey, CACHED_AS) == null) {
                fetcher.ahead(nextKey, next.tail().endPosition() - next.tail().position(), () -> request(next));
            }
        }
        byte[] content = fetcher.fetch(key, () -> request(slot));
        cache.put(key, CACHED_AS, content);
        return content;
    }

    private byte[] request(TailSlot slot) throws IOException {
        Optional<SlotCodec.Decoded> found = retries.call(() -> {
            Optional<SlotCodec.Decoded> read = log.slot(slot.slot());
            if (read.isPresent() && !read.get().sha256().equals(slot.sha256())) {
                throw new BadObjectException("SHA-256 mismatch in " + log.where(ArchiveKeys.slot(slot.slot()))
                        + ": expected " + slot.sha256() + ", got " + read.get().sha256());
            }
            return read;
        });
        return found.orElseThrow(DisappearedException::new).content();
    }

    @Override
    public void close() {
        super.close();
        if (replaced != null) {
            replaced.close();
        }
    }
}
