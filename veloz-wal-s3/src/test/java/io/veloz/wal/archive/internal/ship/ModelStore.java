package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.hedge.PutRace;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The store of a world, with a given fault in the next request. */
final class ModelStore implements ObjectStore {
    enum RequestFault {
        NONE,
        RESPONSE_LOST,
        LATE,
        TWICE,
        STALE,
        /** The put is stored and not answered. Its hedge is refused. */
        HEDGE_REFUSED,
        /** The put is late. Its hedge is answered. */
        HEDGE_ANSWERED,
        /** The put is late. Its hedge is stored, and its answer is lost. */
        HEDGE_LOST,
        /** The put and its hedge are late. */
        HEDGE_LATE;

        boolean isHedge() {
            return this == HEDGE_REFUSED || this == HEDGE_ANSWERED || this == HEDGE_LOST || this == HEDGE_LATE;
        }
    }

    private final ModelWorld world;
    private final Map<String, byte[]> contents;
    private final RequestFault fault;

    ModelStore(ModelWorld world, Map<String, byte[]> contents, RequestFault fault) {
        this.world = world;
        this.contents = contents;
        this.fault = fault;
    }

    @Override
    public String describe() {
        return "model:";
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        byte[] bytes;
        try (InputStream in = content.open()) {
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        String sha256 = Digest.of(bytes);
        contents.putIfAbsent(sha256, bytes);
        long number = ArchiveKeys.slotNumber(key);
        if (fault.isHedge()) {
            return hedged(number, sha256);
        }
        if (fault == RequestFault.LATE || fault == RequestFault.TWICE) {
            world.late.add(new ModelWorld.Late(number, sha256));
        }
        boolean created = fault != RequestFault.LATE && arrive(world, number, sha256);
        if (fault == RequestFault.LATE || fault == RequestFault.RESPONSE_LOST) {
            throw new StoreUnavailableException("no response", null);
        }
        return created;
    }

    /** Sends two copies. What they mean together is decided by the real {@link PutRace}. */
    private boolean hedged(long number, String sha256) throws StoreException {
        PutRace race = new PutRace();
        race.sending();
        race.sending();
        if (fault == RequestFault.HEDGE_REFUSED) {
            arrive(world, number, sha256);
        } else {
            world.late.add(new ModelWorld.Late(number, sha256));
        }
        switch (fault) {
            case HEDGE_LOST -> {
                arrive(world, number, sha256);
                race.failed(new StoreUnavailableException("no response", null));
            }
            case HEDGE_LATE -> {
                world.late.add(new ModelWorld.Late(number, sha256));
                race.failed(new StoreUnavailableException("no response", null));
            }
            default -> race.answered(arrive(world, number, sha256));
        }
        if (!race.isDecided()) {
            race.failed(new StoreUnavailableException("timeout", null));
        }
        return race.result();
    }

    /** A put arrives at the store. */
    static boolean arrive(ModelWorld world, long number, String sha256) {
        boolean created = world.store.putIfAbsent(number, sha256) == null;
        if (created) {
            world.unsettled.add(number);
        }
        return created;
    }

    @Override
    public Optional<StoredObject> head(String key) {
        throw new AssertionError("not used by the protocol");
    }

    @Override
    public InputStream get(String key) throws StoreException {
        String sha256 = world.store.get(ArchiveKeys.slotNumber(key));
        if (sha256 == null) {
            throw new NoSuchObjectException(key, null);
        }
        return new ByteArrayInputStream(contents.get(sha256));
    }

    @Override
    public InputStream get(String key, long from, long length) {
        throw new AssertionError("not used by the protocol");
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) {
        long after = Math.max(0, ArchiveKeys.slotNumber(afterKey));
        return world.store.tailMap(after + 1).keySet().stream()
                .filter(number -> fault != RequestFault.STALE || !world.unsettled.contains(number))
                .map(number -> new StoredObject(ArchiveKeys.slot(number), 1))
                .toList();
    }

    @Override
    public void delete(List<String> keys) {
        throw new AssertionError("not used by the protocol");
    }

    @Override
    public void close() {}
}
