package io.veloz.wal.archive.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Finds out what a store really does, whatever its brand says. Any thread may call any method. What is tried is put under
 * {@code probe/} and a random name, and removed again.
 *
 * <p>The test of a store of one's own is one line: {@code assertThat(StoreProbe.thorough(store).isUsable()).isTrue()}.
 */
public final class StoreProbe {
    private StoreProbe() {}

    /**
     * Tries in five requests what must be known before anything is shipped: that a second put is refused and changes
     * nothing, and that the list shows the first one.
     *
     * @throws StoreException if the store cannot be asked; nothing is known of it then
     */
    public static ProbeReport quick(ObjectStore store) throws StoreException {
        return quick(store, result -> {});
    }

    /**
     * As {@link #quick(ObjectStore)}.
     *
     * @param listener receives each result as its check ends, on the thread of the caller
     */
    public static ProbeReport quick(ObjectStore store, Consumer<ProbeResult> listener) throws StoreException {
        String key = newBase() + "once";
        byte[] first = "first".getBytes(StandardCharsets.UTF_8);
        List<ProbeResult> results = new ArrayList<>();
        long start = System.nanoTime();
        boolean created = store.putIfAbsent(key, ObjectContent.of(first));
        boolean again = store.putIfAbsent(key, ObjectContent.of("second".getBytes(StandardCharsets.UTF_8)));
        add(
                results,
                listener,
                result(
                        "a put creates an object, a second one is refused",
                        created && !again,
                        "the first was " + (created ? "stored" : "refused") + ", the second "
                                + (again ? "was stored, too" : "refused"),
                        start));
        start = System.nanoTime();
        boolean stays = Arrays.equals(read(store, key), first);
        add(
                results,
                listener,
                result("what was put first stays", stays, stays ? "it is there" : "other bytes are there", start));
        start = System.nanoTime();
        List<String> listed =
                store.list(key, "").stream().map(StoredObject::key).toList();
        add(
                results,
                listener,
                result(
                        "the list shows an object right after its put",
                        listed.equals(List.of(key)),
                        "listed " + listed,
                        start));
        store.delete(List.of(key));
        return new ProbeReport(store.describe(), results);
    }

    /**
     * Tries everything that an archive needs: some 3,000 puts, 45 MB. Takes a second in a directory, and a minute far away.
     * A check that the store does not answer does not hold.
     */
    public static ProbeReport thorough(ObjectStore store) {
        return thorough(store, result -> {});
    }

    /**
     * As {@link #thorough(ObjectStore)}.
     *
     * @param listener receives each result as its check ends, on the thread of the caller
     */
    public static ProbeReport thorough(ObjectStore store, Consumer<ProbeResult> listener) {
        String base = newBase();
        List<ProbeResult> results = new ArrayList<>();
        for (ProbeCheck check : ProbeChecks.all()) {
            add(results, listener, tried(store, base, check));
        }
        add(results, listener, tried(store, base, ProbeChecks.cleaned()));
        return new ProbeReport(store.describe(), results);
    }

    private static void add(List<ProbeResult> results, Consumer<ProbeResult> listener, ProbeResult result) {
        results.add(result);
        listener.accept(result);
    }

    /** A place for one probe, which no other probe uses. */
    static String newBase() {
        return "probe/" + UUID.randomUUID() + "/";
    }

    static ProbeResult tried(ObjectStore store, String base, ProbeCheck check) {
        long start = System.nanoTime();
        try {
            return result(check.name(), true, check.trial().run(store, base), start);
        } catch (ProbeCheck.NotSoException e) {
            return result(check.name(), false, String.valueOf(e.getMessage()), start);
        } catch (IOException | RuntimeException e) {
            return result(check.name(), false, "answered with " + e, start);
        }
    }

    private static ProbeResult result(String name, boolean holds, String found, long startNanos) {
        return new ProbeResult(name, holds, found, Duration.ofNanos(System.nanoTime() - startNanos));
    }

    private static byte[] read(ObjectStore store, String key) throws StoreException {
        try (InputStream in = store.get(key)) {
            return in.readNBytes(1_000);
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreUnavailableException("cannot read \"" + key + "\" of " + store.describe() + ": " + e, e);
        }
    }
}
