// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Project;
import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import aQute.bnd.service.diff.Delta;
import aQute.bnd.version.Version;
import aQute.lib.io.IO;
import java.io.File;
import java.util.List;

/**
 * What is released of the bundles that others compile against, those that {@code release.bundles}
 * names: their jars, without sources, in {@code cnf/release}. Each build is held against it by
 * bnd's baseline, which by itself passes over packages whose version begins with 0.
 */
record Release(Build build) {

    private static final String FOLDER = "cnf/release";

    private List<String> names() {
        return List.of(build.workspace.getProperty("release.bundles", "").split("\\s*,\\s*"));
    }

    private File file(String bsn) {
        return IO.getFile(build.root, FOLDER + "/" + bsn + ".jar");
    }

    /** Keeps the bundles as they are built now. False if one is not built. */
    boolean keep() throws Exception {
        int kept = 0;
        for (Project project : build.workspace.getAllProjects()) {
            for (File file : IO.tree(project.getTarget(), "*.jar")) {
                try (Jar jar = new Jar(file)) {
                    if (names().contains(jar.getBsn())) {
                        jar.removePrefix("OSGI-OPT/");
                        jar.setReproducible("true");
                        IO.mkdirs(file(jar.getBsn()).getParentFile());
                        jar.write(file(jar.getBsn()));
                        kept++;
                    }
                }
            }
        }
        if (kept != names().size()) {
            build.err.println("error: of " + names() + " " + kept + " are built");
        }
        return kept == names().size();
    }

    /** False if a bundle of a project differs from the release by more than its versions say. */
    boolean holds(Project project) throws Exception {
        boolean ok = true;
        for (File file : IO.tree(project.getTarget(), "*.jar")) {
            try (Jar jar = new Jar(file)) {
                if (names().contains(jar.getBsn()) && file(jar.getBsn()).exists()) {
                    ok &= holds(jar);
                }
            }
        }
        return ok;
    }

    private boolean holds(Jar jar) throws Exception {
        boolean ok = true;
        try (Jar released = new Jar(file(jar.getBsn())); Processor processor = new Processor()) {
            var baseline = new Baseline(processor, new DiffPluginImpl());
            for (Baseline.Info info : baseline.baseline(jar, released, null)) {
                Delta delta = info.packageDiff.getDelta();
                if (isTooLow(info, delta)) {
                    ok = false;
                    build.err.println(jar.getBsn() + ": error: " + info.packageName + " "
                            + info.newerVersion + " has a " + delta + " change since it was"
                            + " released as " + info.olderVersion + "; raise its version");
                }
            }
        }
        return ok;
    }

    /** Below 1.0.0 the second number tells every change of the API; from there on bnd decides. */
    private static boolean isTooLow(Baseline.Info info, Delta delta) {
        if (delta != Delta.MAJOR && delta != Delta.MINOR) {
            return false;
        }
        Version older = info.olderVersion;
        Version newer = info.newerVersion;
        return older.getMajor() > 0 ? info.mismatch
                : newer.getMajor() == 0 && newer.getMinor() <= older.getMinor();
    }
}
