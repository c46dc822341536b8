package io.veloz.wal.demo;

import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Backs up an engine with its configuration, secrets and database, kills it, deletes all of it and its log, and recovers it
 * with one command. Then compares everything with the state before the loss.
 */
final class LossStep {
    private static final int ORDERS = 100;
    private static final long RPO_TARGET_MILLIS = 1_500;

    private final Screen screen;
    private final DemoArchive archive;
    private final InstalledPrograms programs;
    private final List<String> leftOut = new ArrayList<>();

    LossStep(Screen screen, DemoArchive archive, InstalledPrograms programs) {
        this.screen = screen;
        this.archive = archive;
        this.programs = programs;
    }

    /** An order that was acknowledged. */
    private record Placed(String id, long nanos) {}

    /**
     * The state before the loss.
     *
     * @param rows of the database; empty if it is left out
     * @param placed orders that were placed after the backup
     */
    private record Before(
            Map<String, Map<String, String>> orders,
            List<String> rows,
            Map<String, String> files,
            List<Placed> placed,
            long killedNanos) {}

    /**
     * Runs the step.
     *
     * @param log directory of a log that is shipped to the archive, or a new one
     * @return the parts that were left out, because a program is not installed
     */
    List<String> run(Path log) throws IOException, InterruptedException {
        screen.heading(
                "5  The whole engine is lost: configuration, secrets, database and log; one command recovers it");
        try (DemoSite site = DemoSite.create(log)) {
            Optional<DemoDatabase> database = database(site);
            DemoEngine engine =
                    new DemoEngine(site, URI.create("http://127.0.0.1:" + S3Server.freePort()), archive.environment());
            site.install(archive, engine.uri(), database);
            try {
                run(site, engine, database);
                engine.stop();
            } finally {
                engine.kill();
            }
        }
        return List.copyOf(leftOut);
    }

    private Optional<DemoDatabase> database(DemoSite site) throws InterruptedException {
        if (programs.postgres().isEmpty()) {
            leaveOut("the database", "PostgreSQL is not installed; install it with: apt-get install postgresql");
            return Optional.empty();
        }
        try {
            return Optional.of(site.startDatabase(programs.postgres().get()));
        } catch (IOException e) {
            leaveOut("the database", String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private void leaveOut(String what, String why) {
        screen.line("left out", what + ": " + why);
        leftOut.add(what);
    }

    private void run(DemoSite site, DemoEngine engine, Optional<DemoDatabase> database)
            throws IOException, InterruptedException {
        OperatorTool tool = new OperatorTool(site.directory(), archive.environment());
        Optional<OrderTable> table = fill(site, engine, database);
        backUp(tool, site);
        checkWithGpg(site);
        Before before = lose(site, engine, database, table);
        long lostNanos = System.nanoTime();
        Map<String, String> report = recover(tool, site, database);
        long recoveredNanos = System.nanoTime();
        screen.promise(
                "files",
                before.files().size() + " files and directories of configuration and secrets:"
                        + " content and mode as before",
                differences(before.files(), site.files()));
        long last = Long.parseLong(report.getOrDefault("last_sequence", "0"));
        if (table.isPresent()) {
            compareDatabase(table.get(), site.log(), before.rows(), last);
        }
        compareEndpoints(engine, before);
        showRto(report, before.killedNanos(), lostNanos, recoveredNanos);
        goLive(engine);
    }

    // ---- before the loss

    private Optional<OrderTable> fill(DemoSite site, DemoEngine engine, Optional<DemoDatabase> database)
            throws IOException, InterruptedException {
        engine.start();
        int had = engine.orders().size();
        place(engine, "before");
        screen.line(
                "engine",
                "live at " + engine.uri() + ": " + Figures.count(had) + " orders of its log, and " + ORDERS
                        + " that were placed over HTTP");
        if (database.isEmpty()) {
            return Optional.empty();
        }
        OrderTable table = OrderTable.create(database.get());
        table.apply(site.log());
        screen.line(
                "database",
                "PostgreSQL: " + Figures.count(table.rows().size()) + " orders, applied up to record "
                        + Figures.count(table.applied()));
        return Optional.of(table);
    }

    private List<Placed> place(DemoEngine engine, String name) throws IOException, InterruptedException {
        List<Placed> placed = new ArrayList<>();
        for (int i = 1; i <= ORDERS; i++) {
            String id = "demo-" + name + "-" + i;
            engine.place(id);
            placed.add(new Placed(id, System.nanoTime()));
            screen.progress("placing", i, ORDERS);
        }
        return placed;
    }

    private void backUp(OperatorTool tool, DemoSite site) throws IOException, InterruptedException {
        List<String> command = List.of("backup", "--profile", site.profile().toString());
        screen.line("command", "veloz-wal " + String.join(" ", command));
        Map<String, String> report = tool.run(command);
        String kinds = String.join(", ", OperatorTool.under(report, "stored").values());
        screen.line(
                "backup",
                "recovery point " + report.get("point/number") + " of " + kinds + ": "
                        + Figures.bytes(Long.parseLong(report.getOrDefault("stored_bytes", "0")))
                        + ", encrypted to two keys and signed");
    }

    private void checkWithGpg(DemoSite site) throws IOException, InterruptedException {
        if (programs.gpg().isEmpty()) {
            leaveOut("the comparison with gpg", "gpg is not installed; install it with: apt-get install gnupg");
            return;
        }
        try (ObjectStore store = archive.openStore()) {
            GpgCheck check = new GpgCheck(programs.gpg().get(), site.directory());
            screen.promise(
                    "gpg",
                    "decrypts the secrets of the archive with the offline key",
                    check.problems(store, site.keys(), site.venueKey()));
        }
    }

    private Before lose(DemoSite site, DemoEngine engine, Optional<DemoDatabase> database, Optional<OrderTable> table)
            throws IOException, InterruptedException {
        List<Placed> placed = place(engine, "after");
        List<String> rows = List.of();
        if (table.isPresent()) {
            table.get().apply(site.log());
            rows = table.get().rows();
        }
        Map<String, Map<String, String>> orders = engine.orders();
        engine.kill();
        Before before = new Before(orders, rows, site.files(), placed, System.nanoTime());
        site.lose();
        if (database.isPresent()) {
            database.get().replace();
        }
        screen.line(
                "lost",
                ORDERS + " orders after the backup, the engine gets SIGKILL; configuration, secrets"
                        + (database.isPresent() ? ", the database with its cluster" : "")
                        + ", the log and the state of the backups are deleted");
        screen.line(
                "left",
                "the archive; profile, private key and signer's certificate, which are kept elsewhere"
                        + (database.isPresent() ? "; a new, empty PostgreSQL cluster" : ""));
        return before;
    }

    // ---- recovery

    private Map<String, String> recover(OperatorTool tool, DemoSite site, Optional<DemoDatabase> database)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "recover",
                "--profile",
                site.profile().toString(),
                "--key",
                site.keys().offlineKey().toString(),
                "--signer",
                site.keys().signer().toString(),
                "--start"));
        if (database.isPresent()) {
            command.add("--create-roles");
        }
        screen.line("command", "veloz-wal " + String.join(" ", command));
        Map<String, String> report = tool.run(command);
        List<String> gates = List.copyOf(OperatorTool.under(report, "gates").values());
        List<String> problems = new ArrayList<>(
                gates.stream().filter(gate -> !gate.startsWith("passed")).toList());
        if (!"true".equals(report.get("started"))) {
            problems.add("the engine was not started");
        }
        screen.promise(
                "recovered",
                "from point " + report.get("point") + ", the log up to record "
                        + Figures.count(Long.parseLong(report.getOrDefault("last_sequence", "0"))) + "; "
                        + gates.size() + " conditions met; the engine was started once, last, read-only",
                problems);
        return report;
    }

    static List<String> differences(Map<String, String> expected, Map<String, String> got) {
        List<String> differences = new ArrayList<>();
        Map<String, String> more = new LinkedHashMap<>(got);
        expected.forEach((name, value) -> {
            String other = more.remove(name);
            if (!value.equals(other)) {
                differences.add(name + " is " + (other == null ? "missing" : other) + ", expected " + value);
            }
        });
        more.keySet().forEach(name -> differences.add(name + " did not exist before"));
        return differences;
    }

    /** The database is as old as the backup. The log brings it up to date. */
    private void compareDatabase(OrderTable table, Path log, List<String> before, long last)
            throws IOException, InterruptedException {
        long applied = table.applied();
        List<String> expected =
                before.stream().filter(row -> sequence(row) <= last).toList();
        boolean ofTheBackup = table.rows()
                .equals(expected.stream()
                        .filter(row -> sequence(row) <= applied)
                        .toList());
        long records = table.apply(log);
        List<String> got = table.rows();
        List<String> problems = new ArrayList<>();
        if (!ofTheBackup) {
            problems.add("the rows of the backup are not those up to record " + applied);
        }
        if (!got.equals(expected)) {
            problems.add(got.size() + " rows, or other values; expected " + expected.size());
        }
        screen.promise(
                "database",
                "as in the backup, at record " + Figures.count(applied) + "; the log adds " + Figures.count(records)
                        + " records: " + Figures.count(got.size()) + " orders as before",
                problems);
    }

    private static long sequence(String row) {
        return Long.parseLong(row.substring(0, row.indexOf('|')));
    }

    private void compareEndpoints(DemoEngine engine, Before before) throws IOException, InterruptedException {
        DemoEngine.Answer ready = engine.get("/health/ready");
        screen.promise(
                "ready",
                "/health/ready answers with status " + ready.status(),
                ready.status() == 200 ? List.of() : List.of("expected status 200: " + ready.body()));
        String state = engine.get("/api/orders_state").body();
        screen.line(
                "state", "/api/orders_state: " + state.substring(0, Math.max(0, state.indexOf("\"items\""))) + "…}");
        Map<String, Map<String, String>> orders = engine.orders();
        List<Placed> lost = before.placed().stream()
                .filter(order -> !orders.containsKey(order.id()))
                .toList();
        List<String> problems = new ArrayList<>();
        if (!lost.equals(before.placed().subList(ORDERS - lost.size(), ORDERS))) {
            problems.add("the lost orders are not the last ones: " + lost);
        }
        Map<String, Map<String, String>> expected = new LinkedHashMap<>(before.orders());
        lost.forEach(order -> expected.remove(order.id()));
        if (!orders.equals(expected)) {
            problems.add("the orders differ: " + orders.size() + ", expected " + expected.size());
        }
        screen.promise(
                "orders",
                Figures.count(orders.size()) + " orders, every field as before the loss: "
                        + (problems.isEmpty() ? "no" : "some") + " differences",
                problems);
        long nanos = lost.isEmpty() ? 0 : before.killedNanos() - lost.get(0).nanos();
        screen.target(
                "RPO",
                Figures.count(lost.size()) + " orders, those of the last " + Figures.millis(nanos)
                        + ", were acknowledged and not archived yet; target: at most "
                        + Figures.count(RPO_TARGET_MILLIS)
                        + " ms",
                nanos <= RPO_TARGET_MILLIS * 1_000_000);
    }

    private void showRto(Map<String, String> report, long killed, long lost, long recovered) {
        StringBuilder steps = new StringBuilder();
        long sum = 0;
        for (Map.Entry<String, String> step :
                OperatorTool.under(report, "took_ns").entrySet()) {
            long nanos = Long.parseLong(step.getValue());
            sum += nanos;
            steps.append(", ").append(step.getKey()).append(' ').append(Figures.millis(nanos));
        }
        screen.line(
                "RTO",
                Figures.seconds(recovered - killed) + " from the kill until the engine answered: delete, and"
                        + " prepare the machine " + Figures.millis(lost - killed) + ", start the command and plan "
                        + Figures.millis(recovered - lost - sum) + steps);
    }

    private void goLive(DemoEngine engine) throws IOException, InterruptedException {
        DemoEngine.Answer live = engine.post("/api/admin/live", "");
        List<String> problems = new ArrayList<>();
        if (live.status() != 200) {
            problems.add("/api/admin/live answers with status " + live.status() + ": " + live.body());
        } else {
            engine.place("demo-recovered");
        }
        screen.promise("live", "POST /api/admin/live: the recovered engine accepts a new order", problems);
    }
}
