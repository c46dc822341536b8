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
import io.veloz.wal.ops.doctor.Series;
import io.veloz.wal.ops.doctor.Settings;

/** Prints the result of {@code doctor} as one JSON object. Not thread-safe. */
final class DoctorJson {
    private final Output out;
    private final Json json;

    DoctorJson(Output out) {
        this.out = out;
        this.json = new Json(out);
    }

    void write(Facts facts, Measured measured, Findings findings, String verdict, int exitCode) {
        json.object().field("directory", facts.directory().toString());
        json.field("verdict", verdict).field("exit_code", exitCode);
        writeMount(facts.mount());
        json.name("disks").array();
        facts.disks().forEach(this::writeDisk);
        json.endArray();
        json.name("space").object().field("free_bytes", facts.space().usableBytes());
        json.field("total_bytes", facts.space().totalBytes())
                .field("free_inodes", facts.space().freeFiles())
                .endObject();
        writeHost(facts.host());
        json.name("open_logs").array();
        facts.openLogs().forEach(json::value);
        json.endArray();
        writeFigures(measured);
        writeSettings(Settings.of(measured));
        json.name("findings").array();
        findings.list().forEach(this::writeFinding);
        json.endArray().endObject();
        out.character('\n');
    }

    private void writeMount(Mount mount) {
        json.name("file_system").object().field("type", mount.type()).field("source", mount.source());
        json.field("mount_point", mount.point().isEmpty() ? null : mount.point());
        json.field("device", mount.device().isEmpty() ? null : mount.device());
        json.name("options").array();
        mount.options().forEach(json::value);
        json.endArray().endObject();
    }

    private void writeDisk(BlockDevice disk) {
        json.object().field("name", disk.name()).field("model", disk.model());
        json.field("write_cache", disk.writeCache()).field("rotational", disk.rotational());
        json.field("scheduler", disk.scheduler()).endObject();
    }

    private void writeHost(Host host) {
        json.name("machine").object().field("kernel", host.kernel()).field("jvm", host.jvm());
        json.field("max_heap_bytes", host.maxHeapBytes()).field("memory_bytes", host.memoryBytes());
        json.field("available_bytes", host.availableBytes())
                .field("processors", host.processors().visible());
        json.name("processor_limit");
        if (host.processors().limit().isPresent()) {
            json.value((Double) host.processors().limit().getAsDouble());
        } else {
            json.value((Double) null);
        }
        json.endObject();
    }

    private void writeFigures(Measured measured) {
        json.name("latencies").object();
        for (Series series : Series.values()) {
            Latencies found = measured.of(series);
            json.name(series.key()).object().field("samples", found.count());
            json.field("p50_ns", found.p50()).field("p90_ns", found.p90()).field("p99_ns", found.p99());
            json.field("p999_ns", found.p999()).field("max_ns", found.max()).endObject();
        }
        json.endObject().name("bytes_per_second").object();
        json.field("zero_fill", measured.rates().fill()).field("full_batches", measured.batchRate());
        json.field("cached_write", measured.rates().write())
                .field("cached_read", measured.rates().read());
        GroupCommit commits = GroupCommit.of(measured);
        json.endObject().name("records_per_second_at_most").object();
        json.field("threads_1", commits.perSecond(1)).field("threads_16", commits.perSecond(16));
        json.field("threads_64", commits.perSecond(64)).field("full_batches", commits.perSecondAtMost());
        json.endObject();
        json.field("written_bytes", measured.writtenBytes())
                .field("took_ns", measured.took().toNanos());
    }

    private void writeSettings(Settings settings) {
        json.name("settings").object().field("segmentBytes", settings.segmentBytes());
        json.field("maxBatchBytes", settings.maxBatchBytes()).field("bufferBytes", settings.bufferBytes());
        json.field("forceInterval_ns", settings.forceInterval().toNanos());
        json.field("heartbeatDelay_ns", settings.heartbeatDelay().toNanos());
        json.field("slow_commit_threshold_ns", settings.slowCommitThreshold().toNanos())
                .endObject();
    }

    private void writeFinding(Finding finding) {
        json.newLine().object().field("severity", finding.severity().name()).field("code", finding.code());
        json.field("text", finding.text()).field("advice", finding.advice()).endObject();
    }
}
