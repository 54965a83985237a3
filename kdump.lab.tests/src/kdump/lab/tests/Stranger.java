// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * A bundle with a policy as a stranger makes it: compiled against the published iommu.api alone,
 * without bnd. In each call the policy runs the {@link java.util.function.Consumer} that the
 * system properties hold under the bundle's name, if there is one, and then uses a second class; a
 * {@link java.util.function.Function} there is given all that the policy is, and answers for it.
 *
 * @param bundle symbolic name
 * @param version of the bundle
 * @param policy name of the policy
 * @param ranking of its service
 * @param body of its method, in Java; it knows {@code event}, {@code view} and {@code notes}
 */
record Stranger(String bundle, String version, String policy, int ranking, String body) {
    private static final Path API = Path.of(System.getProperty("lab.root", ""), "iommu.api",
            "generated", "iommu.api.jar");
    private static final String SOURCE = """
            package stranger;
            import iommu.api.kdump.*;
            import java.util.List;
            public final class Idea implements HandoverPolicy {
                @Override
                @SuppressWarnings({"unchecked", "rawtypes"})
                public List<Step> decide(HandoverEvent event, HandoverView view,
                        HandoverNotes notes) {
                    %s
                }
            }
            class Second {
                static List<Step> none() { return List.of(); }
            }
            """;
    private static final String HOOK = """
                    Object then = System.getProperties().get("%s");
                    if (then instanceof java.util.function.Function f) {
                        return (List<Step>) f.apply(new Object[] {event, view, notes});
                    } else if (then != null) {
                        ((java.util.function.Consumer<Object>) then).accept(event);
                    }
                    return Second.none();
            """;
    private static final String COMPONENT = """
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="stranger.Idea">
              <property name="kdump.policy.name" value="%s"/>
              <property name="service.ranking" type="Integer" value="%d"/>
              <service><provide interface="iommu.api.kdump.HandoverPolicy"/></service>
              <implementation class="stranger.Idea"/>
            </scr:component>
            """;

    /** Makes one that does what the system properties hold. */
    Stranger(String bundle, String version, String policy, int ranking) {
        this(bundle, version, policy, ranking, HOOK.formatted(bundle));
    }

    /** Returns the bundle's bytes. */
    byte[] bytes() throws IOException {
        Path work = Files.createTempDirectory("stranger");
        try {
            compile(work);
            return pack(work.resolve("stranger"));
        } finally {
            try (Stream<Path> all = Files.walk(work)) {
                all.sorted(java.util.Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
            }
        }
    }

    private void compile(Path work) throws IOException {
        Path source = Files.writeString(work.resolve("Idea.java"), SOURCE.formatted(body));
        var javac = ToolProvider.getSystemJavaCompiler();
        var said = new StringWriter();
        try (var files = javac.getStandardFileManager(null, null, null)) {
            boolean ok = javac.getTask(said, files, null, List.of("--release", "17", "-proc:none",
                    "-cp", API.toString(), "-d", work.toString()), null,
                    files.getJavaFileObjects(source)).call();
            if (!ok) {
                throw new IllegalStateException(said.toString());
            }
        }
    }

    private byte[] pack(Path classes) throws IOException {
        Manifest manifest = new Manifest();
        var main = manifest.getMainAttributes();
        main.putValue("Manifest-Version", "1.0");
        main.putValue("Bundle-ManifestVersion", "2");
        main.putValue("Bundle-SymbolicName", bundle);
        main.putValue("Bundle-Version", version);
        main.putValue("Service-Component", "OSGI-INF/idea.xml");
        main.putValue("Import-Package", "iommu.api.kdump;version=\"" + versionOfApi() + "\"");
        var bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            jar.putNextEntry(new JarEntry("OSGI-INF/idea.xml"));
            jar.write(COMPONENT.formatted(policy, ranking).getBytes(StandardCharsets.UTF_8));
            for (File file : classes.toFile().listFiles()) {
                jar.putNextEntry(new JarEntry("stranger/" + file.getName()));
                jar.write(Files.readAllBytes(file.toPath()));
            }
        }
        return bytes.toByteArray();
    }

    /** As bnd imports what a consumer implements: up to the next major version, 0 excepted. */
    private static String versionOfApi() throws IOException {
        try (JarFile api = new JarFile(API.toFile())) {
            String exported = api.getManifest().getMainAttributes().getValue("Export-Package");
            return exported.replaceFirst("(?s).*iommu[.]api[.]kdump;[^,]*?version=\"([^\"]*)\".*",
                    "$1");
        }
    }
}
