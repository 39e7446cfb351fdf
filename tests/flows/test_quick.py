from support.world import *

def test_bot(world: World, capsys):
    world.configure_bot()
    world.put_log(record(), record(eventName="ListBuckets", errorCode=None), record(eventID="two"))
    r = world.invoke(s3_event(KEY))
    print(r, world.texts())
    for m in world.slack.messages(CHANNEL): print(m.ts, m.thread_ts, m.edited, m.blocks)
    assert 0
