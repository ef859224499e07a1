import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.common.PathUtils;
import org.apache.zookeeper.data.Stat;

/**
 * Does with ZooKeeper's own client what standard input says, and prints what comes of it. The only
 * argument is the address of the server. One operation a line, fields separated by tabs:
 *
 *   ID SESSION open TIMEOUT_MS                  ID SESSION close
 *   ID SESSION abandon                          (its server has to find out that it is gone)
 *   ID SESSION create MODE PATH DATA TTL_MS     ID SESSION set PATH DATA VERSION
 *   ID SESSION delete PATH VERSION              ID SESSION multi PART...
 *   ID SESSION get|exists|children PATH WATCH   (WATCH: 1 leaves a one-shot watch)
 *   ID SESSION sync PATH                        ID SESSION addWatch PATH MODE
 *   ID SESSION removeWatch OTHER_ID
 *
 * Paths and data are Base64; a part of a multi is an operation with commas for tabs. Nothing waits
 * for an answer but open, close and abandon. Two kinds of lines come back, in the order in which
 * the client's event thread of the session got to know:
 *
 *   answer SESSION ID CODE PATH STAT DATA NAMES PARTS      ("-": not told)
 *   event SESSION ID TYPE PATH                             (ID: what left the watch)
 */
final class ZookeeperBridge {
  private final String address;
  private final PrintStream out;
  private final Map<String, Session> sessions = new HashMap<>();

  private ZookeeperBridge(String address, PrintStream out) {
    this.address = address;
    this.out = out;
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    ZookeeperBridge bridge = new ZookeeperBridge(args[0], out);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      bridge.perform(line.split("\t", -1));
    }
    // Whoever reads the answers has gone: nobody minds sessions that are still open.
    Runtime.getRuntime().halt(0);
  }

  private void perform(String[] fields) throws Exception {
    String id = fields[0];
    String name = fields[1];
    if (fields[2].equals("open")) {
      Session opened = new Session(name, address, Integer.parseInt(fields[3]));
      sessions.put(name, opened);
      opened.connected.await();
      answer(name, id, Code.OK, Long.toString(opened.getSessionId()), null, null, null, null);
      return;
    }
    Session session = sessions.get(name);
    switch (fields[2]) {
      case "close" -> {
        session.close();
        answer(name, id, Code.OK, null, null, null, null, null);
      }
      case "abandon" -> {
        session.abandon();
        answer(name, id, Code.OK, null, null, null, null, null);
      }
      default -> {
        try {
          session.perform(id, fields);
        } catch (BadPath refused) {
          print("answer", name, id, "BADPATH", "-", "-", "-", "-", "-");
        } catch (IllegalArgumentException refused) {
          answer(name, id, Code.BADARGUMENTS, null, null, null, null, null);
        }
      }
    }
  }

  private void answer(
      String session, String id, Code code, String path, Stat stat, byte[] data,
      List<String> names, List<OpResult> parts) {
    print(
        "answer", session, id, code.name(), text(path), text(stat),
        data == null ? "-" : Base64.getEncoder().encodeToString(data),
        names == null ? "-" : joined(names), parts == null ? "-" : outcomes(parts));
  }

  private void print(String... fields) {
    synchronized (out) {
      out.print(String.join("\t", fields) + "\n");
      out.flush();
    }
  }

  private static String joined(List<String> names) {
    List<String> encoded = new ArrayList<>();
    for (String name : names) encoded.add(text(name));
    return String.join(",", encoded);
  }

  private static String text(String plain) {
    if (plain == null) return "-";
    return Base64.getEncoder().encodeToString(plain.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(Stat stat) {
    if (stat == null) return "-";
    return stat.getCzxid() + "," + stat.getMzxid() + "," + stat.getPzxid()
        + "," + stat.getCtime() + "," + stat.getMtime()
        + "," + stat.getVersion() + "," + stat.getCversion() + "," + stat.getAversion()
        + "," + stat.getEphemeralOwner() + "," + stat.getDataLength() + "," + stat.getNumChildren();
  }

  /** Results of the parts of a multi: CODE:PATH:STAT each. */
  private static String outcomes(List<OpResult> parts) {
    List<String> outcomes = new ArrayList<>();
    for (OpResult part : parts) {
      if (part instanceof OpResult.ErrorResult failed) {
        outcomes.add(Code.get(failed.getErr()).name() + ":-:-");
      } else if (part instanceof OpResult.CreateResult made) {
        outcomes.add("OK:" + text(made.getPath()) + ":" + text(made.getStat()));
      } else if (part instanceof OpResult.SetDataResult changed) {
        outcomes.add("OK:-:" + text(changed.getStat()));
      } else {
        outcomes.add("OK:-:-");
      }
    }
    return String.join(";", outcomes);
  }

  private static String decoded(String field) {
    return new String(Base64.getDecoder().decode(field), StandardCharsets.UTF_8);
  }

  /** A path that the client itself refuses; other arguments that it refuses look just the same. */
  private static final class BadPath extends RuntimeException {}

  private static String checked(String path, boolean isSequential) {
    try {
      PathUtils.validatePath(path, isSequential);
      return path;
    } catch (IllegalArgumentException refused) {
      throw new BadPath();
    }
  }

  /** A watch that knows which operation left it. */
  private record Watch(String id, String path, WatcherType type, ZookeeperBridge bridge, String session)
      implements Watcher {
    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == EventType.None) return;
      bridge.print("event", session, id, event.getType().name(), text(event.getPath()));
    }
  }

  private final class Session extends ZooKeeper {
    final CountDownLatch connected;
    private final String name;
    private final Map<String, Watch> watches = new HashMap<>();

    Session(String name, String address, int timeoutMs) throws IOException {
      this(name, address, timeoutMs, new CountDownLatch(1));
    }

    private Session(String name, String address, int timeoutMs, CountDownLatch connected)
        throws IOException {
      super(address, timeoutMs, event -> {
        if (event.getState() == KeeperState.SyncConnected) connected.countDown();
      });
      this.name = name;
      this.connected = connected;
    }

    /** Hangs up without a word. */
    void abandon() throws IOException {
      cnxn.disconnect();
    }

    void perform(String id, String[] fields) {
      String kind = fields[2];
      switch (kind) {
        case "multi" -> multi(id, fields);
        case "create" -> create(id, fields);
        case "removeWatch" -> removeWatch(id, watches.get(fields[3]));
        default -> performAt(id, kind, checked(decoded(fields[3]), false), fields);
      }
    }

    private void performAt(String id, String kind, String path, String[] fields) {
      switch (kind) {
        case "set" -> setData(path, bytes(fields[4]), Integer.parseInt(fields[5]),
            (code, at, context, stat) -> told(id, code, null, stat, null, null), null);
        case "delete" -> delete(path, Integer.parseInt(fields[4]),
            (code, at, context) -> told(id, code, null, null, null, null), null);
        case "get" -> getData(path, watch(id, path, fields[4], WatcherType.Data),
            (code, at, context, data, stat) -> told(id, code, null, stat, data, null), null);
        case "exists" -> exists(path, watch(id, path, fields[4], WatcherType.Data),
            (code, at, context, stat) -> told(id, code, null, stat, null, null), null);
        case "children" -> getChildren(path, watch(id, path, fields[4], WatcherType.Children),
            (code, at, context, names, stat) -> told(id, code, null, stat, null, names), null);
        case "sync" -> sync(path,
            (code, at, context) -> told(id, code, null, null, null, null), null);
        case "addWatch" -> addWatch(path, watch(id, path, "1", WatcherType.Any),
            AddWatchMode.valueOf(fields[4]),
            (code, at, context) -> told(id, code, null, null, null, null), null);
        default -> throw new IllegalStateException("what is " + kind + "?");
      }
    }

    private void create(String id, String[] fields) {
      CreateMode mode = CreateMode.valueOf(fields[3]);
      String path = checked(decoded(fields[4]), mode.isSequential());
      long ttlMs = Long.parseLong(fields[6]);
      create(path, bytes(fields[5]), Ids.OPEN_ACL_UNSAFE, mode,
          (code, at, context, made, stat) -> told(id, code, made, stat, null, null), null,
          ttlMs == 0 && !mode.isTTL() ? -1 : ttlMs);
    }

    private void multi(String id, String[] fields) {
      List<Op> parts = new ArrayList<>();
      for (int place = 3; place < fields.length; place += 1) {
        if (!fields[place].isEmpty()) parts.add(part(fields[place].split(",", -1)));
      }
      multi(parts, (code, at, context, results) ->
          answer(name, id, Code.get(code), null, null, null, null, results), null);
    }

    private Op part(String[] fields) {
      return switch (fields[0]) {
        case "create" -> createPart(fields);
        case "set" -> Op.setData(decoded(fields[1]), bytes(fields[2]), Integer.parseInt(fields[3]));
        case "delete" -> Op.delete(decoded(fields[1]), Integer.parseInt(fields[2]));
        case "check" -> Op.check(decoded(fields[1]), Integer.parseInt(fields[2]));
        default -> throw new IllegalStateException("what is " + fields[0] + "?");
      };
    }

    private Op createPart(String[] fields) {
      CreateMode mode = CreateMode.valueOf(fields[1]);
      String path = decoded(fields[2]);
      byte[] data = bytes(fields[3]);
      if (!mode.isTTL()) return Op.create(path, data, Ids.OPEN_ACL_UNSAFE, mode);
      return Op.create(path, data, Ids.OPEN_ACL_UNSAFE, mode, Long.parseLong(fields[4]));
    }

    private void removeWatch(String id, Watch watch) {
      removeWatches(watch.path(), watch, watch.type(), false,
          (code, at, context) -> told(id, code, null, null, null, null), null);
    }

    private Watcher watch(String id, String path, String wanted, WatcherType type) {
      if (!wanted.equals("1")) return null;
      Watch watch = new Watch(id, path, type, ZookeeperBridge.this, name);
      watches.put(id, watch);
      return watch;
    }

    private void told(
        String id, int code, String made, Stat stat, byte[] data, List<String> names) {
      boolean isDone = code == Code.OK.intValue();
      answer(name, id, Code.get(code), isDone ? made : null, isDone ? stat : null,
          isDone ? data : null, isDone ? names : null, null);
    }

    private byte[] bytes(String field) {
      return Base64.getDecoder().decode(field);
    }
  }
}
