// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Container;
import aQute.bnd.build.Project;
import aQute.bnd.build.Run;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** Writes what {@code ./lab} starts from into kdump.lab/generated/lab. */
final class LabFiles {
    private LabFiles() {}

    /** Copies the launcher, and lists its class path and the bundles of lab.bndrun. */
    static boolean write(Build build) throws Exception {
        Project lab = build.workspace.getProject("kdump.lab");
        File built = lab == null ? null : new File(lab.getTarget(), "kdump.lab.launcher.jar");
        if (built == null || !built.exists()) {
            return true;
        }
        Path folder = Files.createDirectories(lab.getTarget().toPath().resolve("lab"));
        Path launcher = folder.resolve("launcher.jar");
        // an unchanged launcher keeps its time stamp, and so the class-data archive stays valid
        if (!Files.exists(launcher) || Files.mismatch(built.toPath(), launcher) >= 0) {
            Files.copy(built.toPath(), launcher, StandardCopyOption.REPLACE_EXISTING);
        }
        try (Run run = Run.createRun(build.workspace, lab.getFile("lab.bndrun"))) {
            List<String> lines = new ArrayList<>();
            run.getRunProperties().forEach((k, v) -> lines.add("property " + k + " " + v));
            var interactive = run.parseHeader(run.getProperty("lab.interactive"));
            for (Container bundle : Container.flatten(run.getRunbundles())) {
                String kind = interactive.containsKey(bundle.getBundleSymbolicName())
                        ? "interactive " : "bundle ";
                lines.add(kind + bundle.getFile());
            }
            File framework = Inputs.classPath(run.getRunFw()).get(0);
            replace(folder.resolve("run"), String.join("\n", lines));
            replace(folder.resolve("classpath"), launcher + File.pathSeparator + framework);
            return build.check(run, "lab.bndrun");
        }
    }

    /** In one step: another ./lab may be reading the file. */
    private static void replace(Path file, String text) throws Exception {
        Path fresh = Files.writeString(Path.of(file + ".new"), text + "\n");
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }
}
