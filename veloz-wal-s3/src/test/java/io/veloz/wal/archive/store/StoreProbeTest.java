package io.veloz.wal.archive.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The probe against stores that lie: each lie is found, and by its own check. */
class StoreProbeTest {
    private static void assertFound(ObjectStore store, String name) {
        ProbeCheck check = ProbeChecks.all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        ProbeResult result = StoreProbe.tried(store, StoreProbe.newBase(), check);
        assertThat(result.holds()).as(result.found()).isFalse();
        assertThat(new ProbeReport("it", List.of(result)).verdict())
                .contains("not usable")
                .contains(name);
    }

    @Test
    void honestStoreIsUsableAndLeftAsItWas() throws StoreException {
        MemoryStore store = new MemoryStore();
        ProbeReport report = StoreProbe.thorough(store);
        assertThat(report.isUsable()).as(report.table()).isTrue();
        assertThat(report.table()).contains("2,500 keys").contains("is usable");
        assertThat(StoreProbe.quick(store).isUsable()).isTrue();
        assertThat(store.list("", "")).isEmpty();
    }

    @Test
    void storeThatIgnoresTheConditionIsFoundByBothForms() throws StoreException {
        MemoryStore store = new MemoryStore() {
            @Override
            public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                objects.put(ObjectKeys.require(key), read(content));
                return true;
            }
        };
        assertFound(store, "a put creates an object, a second one is refused");
        assertThat(StoreProbe.quick(store).isUsable()).isFalse();
    }

    @Test
    void storeThatRefusesButReplacesIsFoundByBothForms() throws StoreException {
        MemoryStore store = new MemoryStore() {
            @Override
            public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                return objects.put(ObjectKeys.require(key), read(content)) == null;
            }
        };
        assertFound(store, "a put creates an object, a second one is refused");
        assertThat(StoreProbe.quick(store).isUsable()).isFalse();
    }

    @Test
    void eachResultIsReportedAsItsCheckEnds() throws StoreException {
        MemoryStore store = new MemoryStore();
        List<ProbeResult> reported = new ArrayList<>();
        List<Integer> objects = new ArrayList<>();
        ProbeReport report = StoreProbe.thorough(store, result -> {
            reported.add(result);
            objects.add(store.size());
        });
        assertThat(reported).isEqualTo(report.results());
        assertThat(objects.get(0)).as("only the first check has run").isEqualTo(1);
        reported.clear();
        assertThat(StoreProbe.quick(store, reported::add).results()).isEqualTo(reported);
        assertThat(report.table()).contains(report.results().get(0).line());
    }

    @Test
    void storeThatLetsSeveralWinARaceIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                        boolean isRace = key.contains("/race/");
                        return super.putIfAbsent(key, content) || isRace;
                    }
                },
                "of 16 puts at once exactly one wins");
    }

    @Test
    void storeWhoseListIsLateIsFoundByBothForms() throws StoreException {
        MemoryStore store = new MemoryStore() {
            @Override
            public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
                List<StoredObject> listed = super.list(prefix, afterKey);
                return listed.isEmpty() ? listed : listed.subList(0, listed.size() - 1);
            }
        };
        assertFound(store, "the list shows an object right after its put");
        assertThat(StoreProbe.quick(store).isUsable()).isFalse();
    }

    @Test
    void storeThatListsOutOfOrderIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
                        List<StoredObject> listed = new ArrayList<>(super.list(prefix, afterKey));
                        Collections.reverse(listed);
                        return listed;
                    }
                },
                "nested keys are listed in the order of their bytes");
    }

    @Test
    void storeThatIgnoresRangesIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public InputStream get(String key, long from, long length) throws StoreException {
                        return super.get(key, 0, Long.MAX_VALUE);
                    }
                },
                "a part can be read");
    }

    @Test
    void storeThatCutsLargeObjectsIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                        byte[] bytes = read(content);
                        return super.putIfAbsent(
                                key, ObjectContent.of(java.util.Arrays.copyOf(bytes, Math.min(bytes.length, 1 << 20))));
                    }
                },
                "content comes back as it was");
    }

    @Test
    void storeThatFindsWhatIsMissingIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public Optional<StoredObject> head(String key) {
                        return Optional.of(new StoredObject(key, 0));
                    }

                    @Override
                    public InputStream get(String key) throws StoreException {
                        return objects.containsKey(key) ? super.get(key) : new ByteArrayInputStream(new byte[0]);
                    }
                },
                "what is missing is said to be missing");
    }

    @Test
    void storeThatDoesNotDeleteIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public void delete(List<String> keys) {}
                },
                "delete removes what is there, and nothing else");
    }

    @Test
    void storeThatTakesAnyKeyIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                        return ObjectKeys.isKey(key) ? super.putIfAbsent(key, content) : true;
                    }
                },
                "keys that are none are refused");
    }

    @Test
    void storeThatShowsAPasswordIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public String describe() {
                        return "memory://user:password@host/";
                    }
                },
                "its name holds no user, password or query");
    }

    @Test
    void storeThatDoesNotAnswerIsNotJudgedByTheQuickForm() {
        MemoryStore store = new MemoryStore() {
            @Override
            public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                throw new StoreUnavailableException("not now", null);
            }
        };
        assertThatThrownBy(() -> StoreProbe.quick(store)).isInstanceOf(StoreUnavailableException.class);
        assertThat(StoreProbe.thorough(store).verdict()).contains("not now");
    }
}
