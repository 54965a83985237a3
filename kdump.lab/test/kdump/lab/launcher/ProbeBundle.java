// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Hashtable;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** A bundle with one command: it does what its first argument says. */
public final class ProbeBundle implements BundleActivator {

    /** Writes a bundle of this class alone; {@code imports} is its Import-Package. */
    static Path write(Path file, String imports) throws IOException {
        return write(file, imports, "probe");
    }

    /** Writes one of another name; with null, a jar that is no bundle. */
    static Path write(Path file, String imports, String name) throws IOException {
        Manifest manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        main.putValue("Manifest-Version", "1.0");
        main.putValue("Bundle-ManifestVersion", "2");
        if (name != null) {
            main.putValue("Bundle-SymbolicName", name);
        }
        main.putValue("Bundle-Activator", ProbeBundle.class.getName());
        main.putValue("Import-Package", imports);
        String type = ProbeBundle.class.getName().replace('.', '/') + ".class";
        try (OutputStream out = Files.newOutputStream(file);
                JarOutputStream jar = new JarOutputStream(out, manifest);
                InputStream self = ProbeBundle.class.getClassLoader().getResourceAsStream(type)) {
            jar.putNextEntry(new JarEntry(type));
            self.transferTo(jar);
        }
        return file;
    }

    @Override
    public void start(BundleContext context) throws Exception {
        System.out.println("a bundle prints");
        var properties = new Hashtable<String, Object>();
        properties.put("main.thread", "true");
        ServiceReference<?> launcher =
                context.getServiceReferences(Object.class, "(launcher.arguments=*)")
                        .iterator().next();
        String[] arguments = (String[]) launcher.getProperty("launcher.arguments");
        PrintStream stdout = (PrintStream) launcher.getProperty("launcher.stdout");
        Callable<Integer> command = () -> {
            if (List.of(arguments).contains("bundles")) {
                for (Bundle bundle : context.getBundles()) {
                    stdout.println(bundle.getSymbolicName() + " "
                            + (bundle.getState() == Bundle.ACTIVE ? "ACTIVE" : "INSTALLED"));
                }
            }
            return run(arguments, stdout);
        };
        context.registerService(Callable.class, command, properties);
    }

    private static void fill() {
        var all = new java.util.ArrayList<byte[]>();
        while (true) {
            all.add(new byte[1 << 20]);
        }
    }

    private static Integer run(String[] arguments, PrintStream stdout) throws Exception {
        System.out.println("a command prints to System.out");
        stdout.println(Thread.currentThread().getName() + String.join("|", arguments));
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "fail" -> throw new IllegalStateException("told\nto fail");
            case "error" -> throw new NoClassDefFoundError("some.Thing");
            case "overflow" -> run(arguments, stdout);
            case "memory" -> fill();
            case "wrapped" -> java.util.concurrent.CompletableFuture.runAsync(ProbeBundle::fill)
                    .join();
            case "sleep" -> {
                stdout.flush();
                Thread.sleep(60_000);
            }
            case "where" -> stdout.println(System.getProperty("lab.directory"));
            default -> { }
        }
        return arguments.length;
    }

    @Override
    public void stop(BundleContext context) {
        // the service goes with the bundle
    }
}
