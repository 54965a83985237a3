// SPDX-License-Identifier: Apache-2.0
package kdump.lab.kit;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import kdump.lab.api.LabException;
import kdump.lab.api.command.LineCommand;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * {@code kit}: writes a project that builds and tests outside this workspace, against the jar of
 * the {@code iommu.api} that runs.
 */
@Component
public final class KitCommand implements LineCommand {

    private static final String API = "iommu.api";
    private static final String TESTKIT = "lib/iommu.testkit.jar";
    private static final String TEMPLATES = "/templates/";
    private static final String COMMON = "common";

    private final BundleContext context;

    /** Makes the command; templates are those of this bundle. */
    @Activate
    public KitCommand(BundleContext context) {
        this.context = context;
    }

    @Override
    public String name() {
        return "kit";
    }

    @Override
    public String usage() {
        return "policy|device|vendor DIR: a project for a bundle of your own, with an example and"
                + " its test (docs/policy-author.md, device-author.md, vendor-author.md)";
    }

    @Override
    public List<String> examples() {
        return List.of("kit policy my-policy", "kit device my-device",
                "kit vendor my-vendor");
    }

    @Override
    public void run(List<String> arguments, InputStream in, PrintStream out, Path directory)
            throws LabException, IOException {
        if (arguments.size() != 2) {
            throw new LabException(arguments.size() + " arguments, expected what the project is"
                    + " for (" + Kind.words() + ") and a folder");
        }
        Kind kind = Kind.of(arguments.get(0));
        if (kind == null) {
            throw new LabException("'" + arguments.get(0) + "', expected one of " + Kind.words());
        }
        String name = arguments.get(1);
        Path folder;
        try {
            folder = directory.resolve(name);
        } catch (InvalidPathException e) {
            throw new LabException("'" + name + "' is no path", e);
        }
        if (name.isBlank()) {
            throw new LabException("no folder is named");
        }
        new Project(kind, templates(kind), List.of(api(), testkit())).write(folder, name);
        out.println(name + ": an example with its test, for a " + kind.word()
                + " of your own. Next:");
        out.println("    cd " + name + " && mvn package");
        out.println("    lab " + (kind == Kind.POLICY ? "policies" : "compare my-machine.yaml")
                + " --load target/" + kind.project() + ".jar");
        out.println("docs/" + kind.word() + "-author.md of the lab goes on from there.");
    }

    private Library testkit() throws IOException {
        return Library.of(read(context.getBundle().getEntry(TESTKIT)));
    }

    private Library api() throws LabException, IOException {
        Bundle api = Stream.of(context.getBundles())
                .filter(b -> API.equals(b.getSymbolicName())).findFirst()
                .orElseThrow(() -> new LabException("no bundle " + API + " runs"));
        String location = api.getLocation();
        int file = location.indexOf("file:");
        if (file < 0) {
            throw new LabException("the bundle " + API + " is no file: " + location);
        }
        return Library.of(Files.readAllBytes(Path.of(URI.create(location.substring(file)))));
    }

    private Map<String, byte[]> templates(Kind kind) throws IOException {
        var templates = new TreeMap<String, byte[]>();
        for (String folder : List.of(COMMON, kind.word())) {
            String root = TEMPLATES + folder + "/";
            Enumeration<URL> found = context.getBundle().findEntries(root, "*", true);
            for (URL url : Collections.list(found)) {
                if (!url.getPath().endsWith("/")) {
                    templates.put(url.getPath().substring(root.length()), read(url));
                }
            }
        }
        return templates;
    }

    private static byte[] read(URL url) throws IOException {
        try (InputStream in = url.openStream()) {
            return in.readAllBytes();
        }
    }
}
