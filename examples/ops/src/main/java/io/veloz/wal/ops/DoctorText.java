package io.veloz.wal.ops;

import io.veloz.wal.ops.doctor.BlockDevice;
import io.veloz.wal.ops.doctor.Facts;
import io.veloz.wal.ops.doctor.Finding;
import io.veloz.wal.ops.doctor.Findings;
import io.veloz.wal.ops.doctor.GroupCommit;
import io.veloz.wal.ops.doctor.Host;
import io.veloz.wal.ops.doctor.Latencies;
import io.veloz.wal.ops.doctor.Measured;
import io.veloz.wal.ops.doctor.Mount;
import io.veloz.wal.ops.doctor.Quantity;
import io.veloz.wal.ops.doctor.Series;
import io.veloz.wal.ops.doctor.Settings;
import java.util.Locale;

/** Prints the result of {@code doctor} as text. Not thread-safe. */
final class DoctorText {
    private final Output out;

    DoctorText(Output out) {
        this.out = out;
    }

    void writeFacts(Facts facts) {
        out.line("directory    " + facts.directory());
        out.line("file system  " + fileSystem(facts.mount()));
        facts.disks().forEach(disk -> out.line("disk         " + disk(disk)));
        if (facts.disks().isEmpty()) {
            out.line("disk         unknown");
        }
        out.line("space        " + Quantity.bytes(facts.space().usableBytes()) + " free of "
                + Quantity.bytes(facts.space().totalBytes()) + ", inodes: "
                + (facts.space().freeFiles() < 0
                        ? "unknown"
                        : Quantity.count(facts.space().freeFiles()) + " free"));
        Host host = facts.host();
        out.line("machine      " + host.kernel() + ", " + processors(host) + ", memory: "
                + (host.memoryBytes() < 0
                        ? "unknown"
                        : Quantity.bytes(host.availableBytes()) + " available of "
                                + Quantity.bytes(host.memoryBytes())));
        out.line("jvm          " + host.jvm() + ", heap up to " + Quantity.bytes(host.maxHeapBytes()));
        if (!facts.openLogs().isEmpty()) {
            out.line("log          open in a process: " + String.join(", ", facts.openLogs())
                    + "; the figures include its load");
        }
        out.flush();
    }

    private static String fileSystem(Mount mount) {
        String where = mount.point().isEmpty() ? "" : ", mounted at " + mount.point();
        String options = mount.options().isEmpty() ? "" : " (" + String.join(",", mount.options()) + ")";
        return mount.type() + " on " + mount.source() + where + options;
    }

    private static String disk(BlockDevice disk) {
        return disk.name()
                + (disk.model().isEmpty() ? "" : " (" + disk.model() + ")")
                + ", " + (disk.rotational() ? "rotational" : "not rotational")
                + ", write cache: " + (disk.writeCache().isEmpty() ? "unknown" : disk.writeCache())
                + ", scheduler: " + (disk.scheduler().isEmpty() ? "unknown" : disk.scheduler());
    }

    private static String processors(Host host) {
        String visible = Units.count(host.processors().visible(), "processor");
        return host.processors().limit().isPresent()
                ? visible
                        + String.format(
                                Locale.ROOT,
                                " (limit %.2f)",
                                host.processors().limit().getAsDouble())
                : visible;
    }

    void writeResult(Measured measured, Findings findings, String verdict) {
        writeLatencies(measured);
        writeRates(measured);
        out.character('\n').line("settings of WalConfig.builder that suit this disk:");
        for (Settings.Advice advice : Settings.of(measured).advice()) {
            String name = advice.code().startsWith(".") ? advice.code() : advice.name() + ": " + advice.code();
            out.lineOf("  %-42s %s", name, advice.reason());
        }
        out.character('\n');
        for (Finding finding : findings.list()) {
            out.lineOf("%-8s %s", finding.severity().name().toLowerCase(Locale.ROOT), finding.text());
            if (!finding.advice().isEmpty()) {
                out.lineOf("%-8s > %s", "", finding.advice());
            }
        }
        out.character('\n').line("verdict: " + verdict);
    }

    private void writeLatencies(Measured measured) {
        out.character('\n');
        out.lineOf("%-48s %7s %9s %9s %9s %9s %9s", "latency", "samples", "p50", "p90", "p99", "p99.9", "max");
        for (Series series : Series.values()) {
            Latencies found = measured.of(series);
            out.lineOf(
                    "%-48s %7s %9s %9s %9s %9s %9s",
                    series.label(),
                    Quantity.count(found.count()),
                    Quantity.nanos(found.p50()),
                    Quantity.nanos(found.p90()),
                    Quantity.nanos(found.p99()),
                    found.hasP999() ? Quantity.nanos(found.p999()) : "-",
                    Quantity.nanos(found.max()));
        }
    }

    private void writeRates(Measured measured) {
        GroupCommit commits = GroupCommit.of(measured);
        out.character('\n');
        out.line("zero-fill    " + Quantity.rate(measured.rates().fill()) + ", as a segment is prepared");
        out.line("full batches " + Quantity.rate(measured.batchRate()) + ", each forced");
        out.line("page cache   " + Quantity.rate(measured.rates().write()) + " written, "
                + Quantity.rate(measured.rates().read()) + " read");
        out.line("durable      at most " + Quantity.count(commits.perSecond(1))
                + " records of 256 bytes per second with 1"
                + " thread, " + Quantity.count(commits.perSecond(16)) + " with 16, "
                + Quantity.count(commits.perSecond(64)) + " with 64, " + Quantity.count(commits.perSecondAtMost())
                + " in full batches (estimated from the disk alone)");
        out.line("measured     in " + Units.seconds(measured.took()) + ", with "
                + Quantity.bytes(measured.writtenBytes()) + " written to scratch files, which are deleted");
    }
}
