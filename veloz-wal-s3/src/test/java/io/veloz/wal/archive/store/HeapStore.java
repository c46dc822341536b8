package io.veloz.wal.archive.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A store in memory with strict put-if-absent, whose requests fail according to a plan. Thread-safe. Every {@link #client}
 * has a plan and a request count, and all clients share the objects.
 */
public final class HeapStore implements ObjectStore {
    private static final int PAGE = 1000;

    /** With {@code -Dwal.encrypted=true} all tests use encrypted archives, except for those that make objects themselves. */
    private static final boolean ENCRYPTED = Boolean.getBoolean("wal.encrypted");

    public enum Kind {
        PUT,
        HEAD,
        GET,
        LIST,
        DELETE
    }

    /** The fault of a request. */
    public enum Fault {
        /** The request has no effect, and the store is unavailable. */
        FAIL,
        /** The request takes effect, and the store is unavailable. */
        LOSE_ANSWER,
        /** The store is unavailable, and the request takes effect some requests later. */
        LATE,
        /** The request takes effect, and some requests later once more. */
        DUPLICATE,
        /** The request has no effect, and is denied. */
        DENY,
        /** A list without the objects that were put since {@link #settle}. */
        STALE,
        /** The client dies before the request. */
        DIE_BEFORE,
        /** The client dies after the request has taken effect. */
        DIE_AFTER
    }

    /** @param number 1 for the first request of a client */
    public record Request(long number, Kind kind, String key) {}

    /** Determines the faults. */
    public interface Plan {
        Plan NONE = request -> null;

        @Nullable
        Fault faultIn(Request request);

        /** Returns a plan in which one request fails. */
        static Plan at(long number, Fault fault) {
            return request -> request.number() == number ? fault : null;
        }

        /** Returns a plan in which a percentage of the requests fails, repeatable by its seed. */
        static Plan randomly(long seed, int percent) {
            Fault[] faults = {Fault.FAIL, Fault.LOSE_ANSWER, Fault.LATE, Fault.DUPLICATE, Fault.DENY};
            Random random = new Random(seed);
            return request -> random.nextInt(100) < percent ? faults[random.nextInt(faults.length)] : null;
        }
    }

    private static final class Shared {
        final NavigableMap<String, byte[]> objects = new TreeMap<>();
        final List<String> unsettled = new ArrayList<>();
        final List<Late> late = new ArrayList<>();
        final Random random;
        final Map<String, List<byte[]>> sent = new TreeMap<>();

        Shared(long seed) {
            random = new Random(seed);
            if (ENCRYPTED) {
                objects.put("keys/test.pgp", new byte[1]);
            }
        }
    }

    private static final class Late {
        int requestsToGo;
        final Runnable change;

        Late(int requestsToGo, Runnable change) {
            this.requestsToGo = requestsToGo;
            this.change = change;
        }
    }

    private interface Action<T> {
        T run() throws StoreException;
    }

    private final Shared shared;
    private final EncryptionKeys keys;
    private volatile Plan plan;
    private long requests;
    private volatile boolean dead;

    /** An empty store whose requests all succeed. */
    public HeapStore() {
        this(0);
    }

    /** @param seed for the delay of late requests */
    public HeapStore(long seed) {
        this(new Shared(seed), ENCRYPTED ? new TestKeys("test") : EncryptionKeys.NONE, Plan.NONE);
    }

    private HeapStore(Shared shared, EncryptionKeys keys, Plan plan) {
        this.shared = shared;
        this.keys = keys;
        this.plan = plan;
    }

    /** Returns another client with the same objects. */
    public HeapStore client(Plan itsPlan) {
        return new HeapStore(shared, keys, itsPlan);
    }

    /** Returns another client with the same objects, and other keys. */
    public HeapStore with(EncryptionKeys itsKeys) {
        return new HeapStore(shared, itsKeys, plan);
    }

    /** Returns what was sent for each object, once for each attempt, if it was encrypted. */
    public Map<String, List<byte[]>> sent() {
        synchronized (shared) {
            return new TreeMap<>(shared.sent);
        }
    }

    public void plan(Plan value) {
        plan = value;
    }

    /** Returns the number of requests of this client. */
    public long requests() {
        synchronized (shared) {
            return requests;
        }
    }

    public boolean isDead() {
        return dead;
    }

    /** Applies all late requests now. */
    public void deliverLate() {
        synchronized (shared) {
            shared.late.forEach(late -> late.change.run());
            shared.late.clear();
        }
    }

    /** Makes every later list contain the objects that exist now. */
    public void settle() {
        synchronized (shared) {
            shared.unsettled.clear();
        }
    }

    /** Returns a copy of all objects. */
    public Map<String, byte[]> objects() {
        synchronized (shared) {
            return new TreeMap<>(shared.objects);
        }
    }

    /** Replaces an object, which no client can. */
    public void damage(String key, byte[] bytes) {
        synchronized (shared) {
            shared.objects.put(key, bytes.clone());
        }
    }

    /** Removes an object, as an operator may by mistake. */
    public void remove(String key) {
        synchronized (shared) {
            shared.objects.remove(key);
        }
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return keys;
    }

    @Override
    public String describe() {
        return "heap:store";
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        byte[] bytes;
        try (InputStream in = content.open()) {
            bytes = in.readAllBytes();
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException("cannot read the content of " + key, e);
        }
        if (bytes.length != content.length()) {
            throw new StoreException(
                    key + ": content has " + bytes.length + " bytes; expected " + content.length(), null);
        }
        if (keys.activeId() != null) {
            synchronized (shared) {
                shared.sent.computeIfAbsent(key, any -> new ArrayList<>()).add(bytes);
            }
        }
        return request(Kind.PUT, key, () -> {
            boolean created = shared.objects.putIfAbsent(key, bytes) == null;
            if (created) {
                shared.unsettled.add(key);
            }
            return created;
        });
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        return request(Kind.HEAD, key, () -> {
            byte[] bytes = shared.objects.get(key);
            return bytes == null ? Optional.empty() : Optional.of(new StoredObject(key, bytes.length));
        });
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return get(key, 0, Long.MAX_VALUE);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        return request(Kind.GET, key, () -> {
            byte[] bytes = shared.objects.get(key);
            if (bytes == null) {
                throw new NoSuchObjectException(describe() + "/" + key, null);
            }
            int start = (int) Math.min(from, bytes.length);
            int end = (int) Math.min(bytes.length - start, length) + start;
            return new ByteArrayInputStream(Arrays.copyOfRange(bytes, start, end));
        });
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        synchronized (shared) {
            boolean[] stale = new boolean[1];
            Plan current = plan;
            Plan known = request -> {
                Fault fault = current.faultIn(request);
                stale[0] = fault == Fault.STALE;
                return stale[0] ? null : fault;
            };
            return request(Kind.LIST, prefix, known, () -> {
                List<StoredObject> page = new ArrayList<>();
                for (var object : shared.objects.tailMap(afterKey, false).entrySet()) {
                    boolean hidden = stale[0] && shared.unsettled.contains(object.getKey());
                    if (object.getKey().startsWith(prefix) && !hidden && page.size() < PAGE) {
                        page.add(new StoredObject(object.getKey(), object.getValue().length));
                    }
                }
                return page;
            });
        }
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        request(Kind.DELETE, keys.isEmpty() ? "" : keys.get(0), () -> {
            keys.forEach(shared.objects::remove);
            return true;
        });
    }

    @Override
    public void close() {}

    private <T> T request(Kind kind, String key, Action<T> action) throws StoreException {
        return request(kind, key, plan, action);
    }

    private <T> T request(Kind kind, String key, Plan current, Action<T> action) throws StoreException {
        synchronized (shared) {
            if (dead) {
                throw new StoreUnavailableException(describe() + ": this client is dead", null);
            }
            deliverDue();
            Request request = new Request(++requests, kind, key);
            Fault fault = current.faultIn(request);
            if (fault == null || fault == Fault.STALE) {
                return action.run();
            }
            switch (fault) {
                case DENY -> throw new StoreDeniedException(request + " is not allowed", null);
                case DIE_BEFORE -> dead = true;
                case LATE -> later(action);
                case DUPLICATE -> {
                    later(action);
                    return action.run();
                }
                case LOSE_ANSWER -> action.run();
                case DIE_AFTER -> {
                    dead = true;
                    action.run();
                }
                default -> {}
            }
            throw new StoreUnavailableException(request + ": " + fault, null);
        }
    }

    private <T> void later(Action<T> action) {
        shared.late.add(new Late(1 + shared.random.nextInt(8), () -> {
            try {
                action.run();
            } catch (StoreException e) {
                // No client waits for the response.
            }
        }));
    }

    private void deliverDue() {
        for (Iterator<Late> each = shared.late.iterator(); each.hasNext(); ) {
            Late late = each.next();
            if (--late.requestsToGo == 0) {
                each.remove();
                late.change.run();
            }
        }
    }
}
