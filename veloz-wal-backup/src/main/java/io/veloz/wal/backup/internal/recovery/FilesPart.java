package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.tree.TreeExtract;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Configuration and secrets. They are one part, because a root of the secrets may be inside of a root of the configuration,
 * and is then staged and renamed with it.
 */
public final class FilesPart implements Part {
    private final Places places;
    private final List<Attachment> attachments;
    private final AttachmentReader reader;
    private final List<String> findings = new ArrayList<>();
    private final List<Kind> staged = new ArrayList<>();

    public FilesPart(Places places, List<Attachment> attachments, AttachmentReader reader) {
        this.places = places;
        this.attachments = List.copyOf(attachments);
        this.reader = reader;
    }

    @Override
    public String name() {
        return attachments.stream().map(attachment -> attachment.kind().label()).collect(Collectors.joining(" and "));
    }

    @Override
    public List<String> describe() {
        places.missingParents()
                .forEach(
                        parent -> findings.add(parent + " does not exist: create it before the recovery, with the owner"
                                + " and mode that it should have"));
        return places.describe();
    }

    @Override
    public List<String> stagingNames() {
        return places.stagingNames().stream().map(Path::toString).toList();
    }

    @Override
    public void prepare() throws IOException {
        places.prepare();
    }

    @Override
    public void stage() throws IOException {
        for (Attachment attachment : places.outermostFirst()) {
            findings.addAll(places.createParents(attachment));
            reader.read(
                    attachment.kind(),
                    plain -> findings.addAll(TreeExtract.extract(plain, places.stagingOf(attachment))));
            staged.add(attachment.kind());
        }
        places.forceStaging();
    }

    @Override
    public List<Gate> gates() {
        List<Gate> gates = new ArrayList<>();
        for (Attachment attachment : attachments) {
            List<Path> missing = places.missing();
            boolean complete = staged.contains(attachment.kind()) && missing.isEmpty();
            gates.add(new Gate(
                    attachment.kind().label() + " is complete, signed and unpacked",
                    complete,
                    missing.isEmpty()
                            ? attachment.roots().size() + " roots, " + attachment.plainBytes() + " bytes"
                            : "its tar archive does not contain " + missing));
        }
        return gates;
    }

    @Override
    public List<Step> steps() throws IOException {
        return places.steps();
    }

    @Override
    public List<String> findings() {
        return List.copyOf(findings);
    }
}
