package io.veloz.wal.archive.store.probe;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
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
 * Tests whether a store meets the requirements of an archive, whatever its documentation promises. Thread-safe. The probe
 * puts its objects under {@code probe/} and a random name, and deletes them afterwards.
 *
 * <p>The test of a custom store is one line: {@code assertThat(StoreProbe.thorough(store).isUsable()).isTrue()}.
 */
public final class StoreProbe {
    private StoreProbe() {}

    /**
     * Checks with five requests what a shipper requires before it starts: a second put is refused and changes nothing, and
     * a listing contains the object immediately.
     *
     * @throws StoreException if a request fails; the result is unknown then
     */
    public static ProbeReport quick(ObjectStore store) throws StoreException {
        return quick(store, result -> {});
    }

    /**
     * Performs the checks of {@link #quick(ObjectStore)}.
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
                                + (again ? "was stored as well" : "refused"),
                        start));
        start = System.nanoTime();
        boolean stays = Arrays.equals(read(store, key), first);
        add(
                results,
                listener,
                result("the first content stays", stays, stays ? "unchanged" : "the object has other bytes", start));
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
     * Checks all requirements of an archive with some 3,000 puts, 45 MB. Takes a second in a directory, and a minute in a
     * remote store. A check whose request fails is not passed.
     */
    public static ProbeReport thorough(ObjectStore store) {
        return thorough(store, result -> {});
    }

    /**
     * Performs the checks of {@link #thorough(ObjectStore)}.
     *
     * @param listener receives each result as its check ends, on the thread of the caller
     */
    public static ProbeReport thorough(ObjectStore store, Consumer<ProbeResult> listener) {
        String base = newBase();
        List<ProbeResult> results = new ArrayList<>();
        for (ProbeChecks.Check check : ProbeChecks.all()) {
            add(results, listener, run(store, base, check));
        }
        add(results, listener, run(store, base, ProbeChecks.cleanUp()));
        return new ProbeReport(store.describe(), results);
    }

    private static void add(List<ProbeResult> results, Consumer<ProbeResult> listener, ProbeResult result) {
        results.add(result);
        listener.accept(result);
    }

    /** Returns a prefix that no other probe uses. */
    static String newBase() {
        return "probe/" + UUID.randomUUID() + "/";
    }

    static ProbeResult run(ObjectStore store, String base, ProbeChecks.Check check) {
        long start = System.nanoTime();
        try {
            return result(check.name(), true, check.trial().run(store, base), start);
        } catch (ProbeChecks.FailedException e) {
            return result(check.name(), false, String.valueOf(e.getMessage()), start);
        } catch (IOException | RuntimeException e) {
            return result(check.name(), false, "failed with " + e, start);
        }
    }

    private static ProbeResult result(String name, boolean passed, String found, long startNanos) {
        return new ProbeResult(name, passed, found, Duration.ofNanos(System.nanoTime() - startNanos));
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
