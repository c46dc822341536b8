package io.veloz.wal.archive.store;

import static io.veloz.wal.archive.store.ProbeCheck.expect;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** What a store does when many ask at once. */
final class ProbeRaces {
    private static final int WRITERS = 16;
    private static final int ROUNDS = 20;
    private static final int KEYS = 2_500;

    private ProbeRaces() {}

    static String oneWins(ObjectStore store, String base) throws IOException {
        int right = 0;
        int mostWinners = 0;
        for (int round = 0; round < ROUNDS; round++) {
            String key = base + "race/" + round;
            CyclicBarrier start = new CyclicBarrier(WRITERS);
            List<Callable<Integer>> writers = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                int writer = i;
                writers.add(() -> {
                    start.await(1, TimeUnit.MINUTES);
                    return put(store, key, writer) ? writer : -1;
                });
            }
            List<Integer> winners =
                    together(writers).stream().filter(writer -> writer >= 0).toList();
            mostWinners = Math.max(mostWinners, winners.size());
            boolean stays = winners.size() == 1
                    && new String(ProbeChecks.read(store, key), StandardCharsets.UTF_8)
                            .equals("writer " + winners.get(0));
            right += stays ? 1 : 0;
        }
        expect(right == ROUNDS, right + " of " + ROUNDS + " rounds, up to " + mostWinners + " winners");
        return right + " of " + ROUNDS + " rounds";
    }

    /** A store that says "not now" to a racer stored nothing of his: he asks again. */
    private static boolean put(ObjectStore store, String key, int writer) throws IOException {
        StoreUnavailableException last = null;
        for (int attempt = 0; attempt < WRITERS; attempt++) {
            try {
                return store.putIfAbsent(key, ProbeChecks.text("writer " + writer));
            } catch (StoreUnavailableException e) {
                last = e;
            }
        }
        throw new IOException("no answer in " + WRITERS + " attempts", last);
    }

    static String pages(ObjectStore store, String base) throws IOException {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            keys.add(base + "pages/" + String.format(Locale.ROOT, "%020d", i));
        }
        List<Callable<Boolean>> puts = new ArrayList<>();
        for (String key : keys) {
            puts.add(() -> store.putIfAbsent(key, ProbeChecks.text("x")));
        }
        expect(!together(puts).contains(false), "a put of a new key was refused");
        List<String> listed = new ArrayList<>();
        int pages = 0;
        List<StoredObject> page = store.list(base + "pages/", "");
        while (!page.isEmpty() && pages < KEYS) {
            expect(page.size() <= 1_000, "a page has " + page.size() + " objects");
            page.forEach(object -> listed.add(object.key()));
            pages++;
            page = store.list(base + "pages/", listed.get(listed.size() - 1));
        }
        expect(listed.equals(keys), listed.size() + " were listed, or in another order");
        return pages + " pages";
    }

    private static <T> List<T> together(List<Callable<T>> tasks) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> result : threads.invokeAll(tasks)) {
                results.add(result.get());
            }
            return results;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the store was probed");
        } finally {
            threads.shutdownNow();
        }
    }
}
